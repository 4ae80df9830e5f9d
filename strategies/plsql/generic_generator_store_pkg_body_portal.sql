CREATE OR REPLACE PACKAGE BODY generic_generator_store_pkg AS
    -- maintenance-portal: beside the portal's own tables. What is added is read at its next tick, like every row that is typed in SQL.

    PROCEDURE add_configuration(
        p_strategy_name       IN VARCHAR2,
        p_strategy_type       IN VARCHAR2,
        p_target_object       IN VARCHAR2,
        p_target_type         IN VARCHAR2,
        p_strategy_config     IN CLOB,
        p_schedule_expression IN VARCHAR2
    ) IS
    BEGIN
        INSERT INTO generic_strategy_config (
            strategy_name, target_object, target_type, strategy_type, strategy_config, schedule_expression, execution_mode
        ) VALUES (
            p_strategy_name, p_target_object, p_target_type, p_strategy_type, p_strategy_config, p_schedule_expression, 'AUTOMATIC'
        );
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
        INSERT INTO generic_maintenance_jobs (
            strategy_name, job_name, job_type, schedule_type, schedule_value, schedule_timezone, target_object, target_type,
            job_parameters
        ) VALUES (
            p_strategy_name, p_job_name, p_job_type, p_schedule_type, p_schedule_value, p_schedule_timezone, p_target_object,
            p_target_type, p_job_parameters
        );
    END add_job;
END generic_generator_store_pkg;
/
