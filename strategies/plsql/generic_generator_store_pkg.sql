CREATE OR REPLACE PACKAGE generic_generator_store_pkg AUTHID DEFINER AS
    -- maintenance-portal: rows of strategies, where they are kept. The two bodies of this package are alike to the generator, which is
    -- the only one that calls it: in the portal's own database they are there, in any other one the call is refused.

    -- Both in the transaction of the caller.
    PROCEDURE add_configuration(
        p_strategy_name       IN VARCHAR2,
        p_strategy_type       IN VARCHAR2,
        p_target_object       IN VARCHAR2,
        p_target_type         IN VARCHAR2,
        p_strategy_config     IN CLOB,
        p_schedule_expression IN VARCHAR2
    );

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
    );
END generic_generator_store_pkg;
/
