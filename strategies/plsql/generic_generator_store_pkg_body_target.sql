CREATE OR REPLACE PACKAGE BODY generic_generator_store_pkg AS
    -- maintenance-portal: in a database that the portal maintains, which has neither configurations nor jobs

    PROCEDURE refuse(p_strategy_name IN VARCHAR2) IS
    BEGIN
        RAISE_APPLICATION_ERROR(
            -20001, 'Configurations and jobs are kept in the portal''s own database: those of ' || p_strategy_name
                || ' are added there, in SQL or by its pages.'
        );
    END refuse;

    PROCEDURE add_configuration(
        p_strategy_name       IN VARCHAR2,
        p_strategy_type       IN VARCHAR2,
        p_target_object       IN VARCHAR2,
        p_target_type         IN VARCHAR2,
        p_strategy_config     IN CLOB,
        p_schedule_expression IN VARCHAR2
    ) IS
    BEGIN
        refuse(p_strategy_name);
    END add_configuration;

    PROCEDURE add_job(
        p_strategy_name     IN VARCHAR2,
        p_job_name          IN VARCHAR2,
        p_job_type          IN VARCHAR2,
        p_schedule_type     IN VARCHAR2,
        p_schedule_value    IN VARCHAR2,
        p_schedule_timezone IN VARCHAR2,
        p_target_object     IN VARCHAR2,
        p_target_type       IN VARCHAR2,
        p_job_parameters    IN CLOB
    ) IS
    BEGIN
        refuse(p_strategy_name);
    END add_job;
END generic_generator_store_pkg;
/
