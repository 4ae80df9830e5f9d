REM Index maintenance as a strategy in the database: it rebuilds what is unusable, index by index, and logs each one.
REM The portal has INDEX_MAINTENANCE in Python, too; a job takes this package where its parameters say {"implementation": "package"}.
BEGIN
    generic_maintenance_logger_pkg.register_strategy(
        p_strategy_name => 'INDEX_MAINTENANCE',
        p_strategy_type => 'MAINTENANCE',
        p_description   => 'Rebuilds unusable indexes of a table, or of the whole schema',
        p_category      => 'DATABASE'
    );
END;
/
CREATE OR REPLACE PACKAGE index_maintenance_pkg AS
    -- p_target_object: a table, an index, or ALL_INDEXES. Parameters: {"online": true} needs Enterprise Edition; {"max_objects": 20}.
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
END index_maintenance_pkg;
/
CREATE OR REPLACE PACKAGE BODY index_maintenance_pkg AS
    c_strategy CONSTANT VARCHAR2(30) := 'INDEX_MAINTENANCE';
    c_all      CONSTANT VARCHAR2(30) := 'ALL_INDEXES';

    -- Rebuild one index; an error is logged and stops no other
    FUNCTION is_rebuilt(p_index IN VARCHAR2, p_is_online IN BOOLEAN) RETURN BOOLEAN IS
        v_statement    VARCHAR2(400);
        v_operation_id NUMBER;
    BEGIN
        v_statement := 'ALTER INDEX ' || DBMS_ASSERT.ENQUOTE_NAME(p_index, FALSE) || ' REBUILD'
            || CASE WHEN p_is_online THEN ' ONLINE' END;
        v_operation_id := generic_maintenance_logger_pkg.log_start_operation(
            p_strategy_name => c_strategy, p_operation_type => 'REBUILD', p_target_object => p_index, p_target_type => 'INDEX',
            p_sql_text => v_statement
        );
        EXECUTE IMMEDIATE v_statement;
        generic_maintenance_logger_pkg.log_end_operation(v_operation_id, 'SUCCESS', 'Rebuilt.', p_objects_affected => 1);
        RETURN TRUE;
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_end_operation(
                v_operation_id, 'ERROR', 'Not rebuilt.', p_error_message => SQLERRM
            );
            RETURN FALSE;
    END is_rebuilt;

    PROCEDURE execute_strategy(
        p_target_object IN VARCHAR2,
        p_parameters    IN CLOB DEFAULT NULL
    ) IS
        v_parameters   JSON_OBJECT_T := JSON_OBJECT_T();
        v_object       VARCHAR2(128) := UPPER(p_target_object);
        v_is_online    BOOLEAN;
        v_most         NUMBER;
        v_operation_id NUMBER;
        v_rebuilt      PLS_INTEGER := 0;
        v_failed       PLS_INTEGER := 0;
    BEGIN
        v_operation_id := generic_maintenance_logger_pkg.log_strategy_start(c_strategy, v_object, 'INDEX', p_parameters);
        IF p_parameters IS NOT NULL THEN
            v_parameters := JSON_OBJECT_T.PARSE(p_parameters);
        END IF;
        v_is_online := NVL(v_parameters.GET_BOOLEAN('online'), FALSE);
        v_most := NVL(v_parameters.GET_NUMBER('max_objects'), 100);
        FOR found IN (
            SELECT i.index_name
              FROM user_indexes i
             WHERE i.status = 'UNUSABLE'
               AND (v_object = c_all OR i.table_name = v_object OR i.index_name = v_object)
             ORDER BY i.index_name
             FETCH FIRST v_most ROWS ONLY
        ) LOOP
            IF is_rebuilt(found.index_name, v_is_online) THEN
                v_rebuilt := v_rebuilt + 1;
            ELSE
                v_failed := v_failed + 1;
            END IF;
        END LOOP;
        generic_maintenance_logger_pkg.log_strategy_end(
            v_operation_id, CASE WHEN v_failed > 0 THEN 'WARNING' ELSE 'SUCCESS' END,
            v_rebuilt || ' indexes rebuilt, ' || v_failed || ' not.', '{"objects_affected": ' || v_rebuilt || '}'
        );
    EXCEPTION
        WHEN OTHERS THEN
            generic_maintenance_logger_pkg.log_strategy_end(v_operation_id, 'ERROR', 'Strategy failed: ' || SQLERRM);
            RAISE;
    END execute_strategy;

    FUNCTION validate_target(
        p_target_object IN VARCHAR2
    ) RETURN BOOLEAN IS
        v_object VARCHAR2(128) := UPPER(p_target_object);
        v_found  NUMBER;
    BEGIN
        IF v_object = c_all THEN
            RETURN TRUE;
        END IF;
        SELECT COUNT(*) INTO v_found
          FROM user_indexes i
         WHERE i.table_name = v_object
            OR i.index_name = v_object;
        RETURN v_found > 0;
    END validate_target;

    FUNCTION get_strategy_status(
        p_target_object IN VARCHAR2
    ) RETURN SYS_REFCURSOR IS
        v_object VARCHAR2(128) := UPPER(p_target_object);
        v_status SYS_REFCURSOR;
    BEGIN
        OPEN v_status FOR
            SELECT i.index_name AS object_name,
                   CASE WHEN i.status = 'UNUSABLE' THEN 'ERROR' ELSE 'SUCCESS' END AS status,
                   CASE WHEN i.status = 'UNUSABLE' THEN 'It is unusable.' ELSE 'It can be used.' END AS message
              FROM user_indexes i
             WHERE v_object = c_all
                OR i.table_name = v_object
                OR i.index_name = v_object
             ORDER BY CASE WHEN i.status = 'UNUSABLE' THEN 0 ELSE 1 END, i.index_name;
        RETURN v_status;
    END get_strategy_status;
END index_maintenance_pkg;
/
-- A job that takes the package; on the portal's own database. The next tick reads the row.
INSERT INTO generic_maintenance_jobs (
    strategy_name, job_name, job_type, schedule_type,
    target_object, target_type, job_parameters
) VALUES (
    'INDEX_MAINTENANCE', 'REBUILD_UNUSABLE', 'MAINTENANCE', 'WEEKLY',
    'ALL_INDEXES', 'INDEX', '{"implementation": "package", "online": false}'
);
