CREATE OR REPLACE PACKAGE strategy_implementation_generator_pkg AUTHID DEFINER AS
    -- maintenance-portal: strategies generated inside the database, from the same library as the portal's own generator and with the
    -- same texts. Lists are words with commas between them. Everything that is wrong is named at once, in one ORA-20001, before
    -- anything is written. Nothing that is generated is compiled or registered here.

    TYPE fault_row IS RECORD (
        field  VARCHAR2(200 CHAR),
        reason VARCHAR2(4000)
    );
    TYPE fault_tab IS TABLE OF fault_row;

    -- Write a whole strategy as files in UTF-8: its package, that package's tests (utPLSQL) and manual, the scripts that take it in and
    -- out, and its definition, from which the portal generates the same. p_output_directory is a directory object, or the path of one;
    -- no folder is made there, so names that are not those of the package begin with the strategy's. A file that is there is never
    -- replaced. Each word of p_job_types is a job: with the operations of this type, or with all.
    PROCEDURE generate_strategy_implementation(
        p_strategy_name    IN VARCHAR2,
        p_strategy_type    IN VARCHAR2,
        p_description      IN VARCHAR2,
        p_category         IN VARCHAR2,
        p_target_types     IN VARCHAR2,
        p_operation_types  IN VARCHAR2,
        p_job_types        IN VARCHAR2,
        p_output_directory IN VARCHAR2 DEFAULT '/tmp'
    );

    -- What is wrong with such a definition, fault by fault; nothing where it could be generated.
    FUNCTION get_definition_faults(
        p_strategy_name   IN VARCHAR2,
        p_strategy_type   IN VARCHAR2,
        p_description     IN VARCHAR2,
        p_category        IN VARCHAR2,
        p_target_types    IN VARCHAR2,
        p_operation_types IN VARCHAR2,
        p_job_types       IN VARCHAR2 DEFAULT NULL
    ) RETURN fault_tab PIPELINED;

    ------------------------------------------------------------------------------------------------------------ Single texts
    -- p_operations and p_test_scenarios are arrays of operations in JSON; NULL and [] mean all that the template offers. The target
    -- types are all that these operations work on.

    FUNCTION validate_strategy_definition(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN BOOLEAN;

    FUNCTION generate_package_spec(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB;

    FUNCTION generate_package_body(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB;

    -- Of a strategy that is registered, which tells its type: the operations that its package has.
    FUNCTION generate_test_scripts(
        p_strategy_name  IN VARCHAR2,
        p_test_scenarios IN CLOB
    ) RETURN CLOB;

    FUNCTION generate_documentation(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2,
        p_description   IN VARCHAR2,
        p_operations    IN CLOB
    ) RETURN CLOB;

    -- p_dependencies: an array of names in JSON, objects of the schema that must be there and valid before the package is made.
    FUNCTION generate_deployment_script(
        p_strategy_name IN VARCHAR2,
        p_dependencies  IN CLOB DEFAULT NULL
    ) RETURN CLOB;

    FUNCTION generate_rollback_script(
        p_strategy_name IN VARCHAR2
    ) RETURN CLOB;

    -- A type of strategy as JSON: what it is for, its operations, their targets and parameters, its usual job.
    FUNCTION get_strategy_template(
        p_strategy_type IN VARCHAR2
    ) RETURN CLOB;

    ------------------------------------------------------------------------------------------------------------ Rows
    -- All in the transaction of the caller. Configurations and jobs are there in the portal's own database only.

    PROCEDURE generate_strategy_config(
        p_strategy_name       IN VARCHAR2,
        p_strategy_type       IN VARCHAR2,
        p_target_object       IN VARCHAR2,
        p_target_type         IN VARCHAR2,
        p_strategy_config     IN CLOB,
        p_schedule_expression IN VARCHAR2 DEFAULT NULL
    );

    -- An array of objects in JSON: job_name, job_type, schedule_type, target_object, target_type, and where they are wanted
    -- schedule_value, schedule_timezone, job_parameters (an object).
    PROCEDURE generate_maintenance_jobs(
        p_strategy_name   IN VARCHAR2,
        p_job_definitions IN CLOB
    );

    -- An object in JSON with operation_types, job_types or target_types, each an object of words and what they mean. Words that are
    -- there stay as they are.
    PROCEDURE generate_lookup_data(
        p_strategy_name      IN VARCHAR2,
        p_lookup_definitions IN CLOB
    );
END strategy_implementation_generator_pkg;
/
