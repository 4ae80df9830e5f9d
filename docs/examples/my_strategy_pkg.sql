REM The package of MY_STRATEGY, whole: it gathers the statistics of a table of its own schema.
REM A job of MY_STRATEGY on this database calls execute_strategy once validate_target says yes, and ends as get_strategy_status says.
CREATE OR REPLACE PACKAGE my_strategy_pkg AS
    PROCEDURE execute_strategy(
        p_target_object IN VARCHAR2,
        p_parameters    IN CLOB DEFAULT NULL
    );

    FUNCTION validate_target(
        p_target_object IN VARCHAR2
    ) RETURN BOOLEAN;

    FUNCTION get_strategy_status(
        p_target_object IN VARCHAR2
    ) RETURN SYS_REFCURSOR;
END my_strategy_pkg;
/
CREATE OR REPLACE PACKAGE BODY my_strategy_pkg AS
    -- Parameters are JSON: {"operation": "MAINTAIN"}
    FUNCTION operation_of(p_parameters IN CLOB) RETURN VARCHAR2 IS
        v_parameters JSON_OBJECT_T;
    BEGIN
        IF p_parameters IS NULL THEN
            RETURN 'MAINTAIN';
        END IF;
        v_parameters := JSON_OBJECT_T.PARSE(p_parameters);
        RETURN NVL(v_parameters.GET_STRING('operation'), 'MAINTAIN');
    END operation_of;

    PROCEDURE execute_strategy(
        p_target_object IN VARCHAR2,
        p_parameters    IN CLOB DEFAULT NULL
    ) IS
        v_operation_id NUMBER;
        v_operation    VARCHAR2(4000);
    BEGIN
        -- Start logging
        v_operation_id := generic_maintenance_logger_pkg.log_strategy_start(
            'MY_STRATEGY', p_target_object, 'TABLE', p_parameters
        );

        -- Strategy implementation
        v_operation := operation_of(p_parameters);
        IF v_operation <> 'MAINTAIN' THEN
            RAISE_APPLICATION_ERROR(-20001, 'operation: MY_STRATEGY knows MAINTAIN, not ' || SUBSTR(v_operation, 1, 100) || '.');
        END IF;
        -- The package's own schema: USER would be whoever calls it
        DBMS_STATS.GATHER_TABLE_STATS(ownname => SYS_CONTEXT('USERENV', 'CURRENT_USER'), tabname => UPPER(p_target_object));

        -- End logging
        generic_maintenance_logger_pkg.log_strategy_end(
            v_operation_id, 'SUCCESS', 'Strategy completed successfully', '{"objects_affected": 1}'
        );
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_strategy_end(
                v_operation_id, 'ERROR', 'Strategy failed: ' || SQLERRM
            );
            RAISE;
    END execute_strategy;

    FUNCTION validate_target(
        p_target_object IN VARCHAR2
    ) RETURN BOOLEAN IS
        v_found NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_found
          FROM user_tables t
         WHERE t.table_name = UPPER(p_target_object)
           AND t.temporary = 'N';
        RETURN v_found = 1;
    END validate_target;

    FUNCTION get_strategy_status(
        p_target_object IN VARCHAR2
    ) RETURN SYS_REFCURSOR IS
        v_status SYS_REFCURSOR;
    BEGIN
        OPEN v_status FOR
            SELECT t.table_name AS object_name,
                   CASE WHEN t.last_analyzed IS NULL THEN 'ERROR' ELSE 'SUCCESS' END AS status,
                   CASE
                       WHEN t.last_analyzed IS NULL THEN 'It has no statistics.'
                       ELSE 'Its statistics are of ' || TO_CHAR(t.last_analyzed, 'YYYY-MM-DD HH24:MI') || '.'
                   END AS message
              FROM user_tables t
             WHERE t.table_name = UPPER(p_target_object);
        RETURN v_status;
    END get_strategy_status;
END my_strategy_pkg;
/
