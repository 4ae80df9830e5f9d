CREATE OR REPLACE PACKAGE BODY generic_log_store_pkg AS
    -- maintenance-portal: the log of a database that is not the portal's own; the portal collects its rows and deletes none

    c_batch CONSTANT PLS_INTEGER := 5000;

    FUNCTION job_executions(p_from IN TIMESTAMP, p_before IN TIMESTAMP) RETURN execution_tab PIPELINED IS
        v_row execution_row;
    BEGIN
        FOR found IN (
            SELECT l.job_name, l.strategy_name, l.status, l.duration_ms, NVL(l.ended_at, l.operation_time) AS ended_at
              FROM generic_operation_log l
             WHERE l.job_name IS NOT NULL
               AND l.operation_type = 'EXECUTE'
               AND l.status IN ('SUCCESS', 'WARNING', 'ERROR', 'TIMEOUT', 'CANCELLED')
               AND l.operation_time >= p_from
               AND l.operation_time < p_before
        ) LOOP
            v_row.job_name := found.job_name;
            v_row.strategy_name := found.strategy_name;
            v_row.status := found.status;
            v_row.duration_ms := found.duration_ms;
            v_row.ended_at := found.ended_at;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END job_executions;

    FUNCTION remove_expired(p_retention_days IN NUMBER, p_strategy_name IN VARCHAR2) RETURN NUMBER IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_today   TIMESTAMP := TRUNC(SYS_EXTRACT_UTC(SYSTIMESTAMP));
        v_general NUMBER := 90;
        v_deleted NUMBER := 0;
        v_batch   NUMBER;
    BEGIN
        SELECT NVL(MAX(p.retention_days), 90) INTO v_general
          FROM generic_log_policy p
         WHERE p.strategy_name IS NULL;
        LOOP
            DELETE FROM generic_operation_log l
             WHERE l.operation_time < v_today - NUMTODSINTERVAL(
                       COALESCE(
                           p_retention_days,
                           (SELECT p.retention_days FROM generic_log_policy p WHERE p.strategy_name = l.strategy_name),
                           v_general
                       ), 'DAY')
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
               AND (l.status NOT IN ('STARTED', 'RUNNING', 'PENDING') OR l.operation_time < v_today - NUMTODSINTERVAL(31, 'DAY'))
               AND ROWNUM <= c_batch;
            v_batch := SQL%ROWCOUNT;
            COMMIT;
            v_deleted := v_deleted + v_batch;
            EXIT WHEN v_batch < c_batch;
        END LOOP;
        RETURN v_deleted;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END remove_expired;

    FUNCTION move_rows(
        p_archive_table IN VARCHAR2, p_from IN TIMESTAMP, p_before IN TIMESTAMP, p_strategy_name IN VARCHAR2
    ) RETURN NUMBER IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_columns CONSTANT VARCHAR2(500) := 'operation_id, strategy_name, operation_type, job_name, target_object, target_type, status, '
            || 'message, duration_ms, operation_time, user_name, session_id, sql_text, error_code, error_message, '
            || 'strategy_context, cpu_time_ms, memory_used_mb, io_operations, rows_processed, objects_affected, ended_at';
        v_rows CONSTANT VARCHAR2(500) := ' FROM generic_operation_log WHERE operation_time >= :p_from AND operation_time < :p_before '
            || 'AND (:p_all = 1 OR strategy_name = :p_strategy) AND status NOT IN (''STARTED'', ''RUNNING'', ''PENDING'')';
        v_all    NUMBER := CASE WHEN p_strategy_name IS NULL THEN 1 ELSE 0 END;
        v_copied NUMBER;
    BEGIN
        -- One view of the log for the copy and the deletion; no lock on the table, or strategies could not write meanwhile
        SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
        EXECUTE IMMEDIATE 'INSERT INTO ' || DBMS_ASSERT.SIMPLE_SQL_NAME(p_archive_table) || ' (' || v_columns || ') SELECT '
            || v_columns || v_rows USING p_from, p_before, v_all, p_strategy_name;
        v_copied := SQL%ROWCOUNT;
        EXECUTE IMMEDIATE 'DELETE' || v_rows USING p_from, p_before, v_all, p_strategy_name;
        IF SQL%ROWCOUNT <> v_copied THEN
            RAISE_APPLICATION_ERROR(-20709, 'The copy is not what was to be copied; nothing was moved.');
        END IF;
        COMMIT;
        RETURN v_copied;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END move_rows;

    FUNCTION is_of_strategies(p_operation_id IN NUMBER) RETURN BOOLEAN IS
    BEGIN
        RETURN TRUE;  -- the portal writes its own elsewhere
    END is_of_strategies;

    -- Into the log itself, where the portal finds it
    PROCEDURE tell(p_object_type IN VARCHAR2, p_name IN VARCHAR2, p_action IN VARCHAR2, p_after IN VARCHAR2) IS
    BEGIN
        INSERT INTO generic_operation_log (
            strategy_name, operation_type, target_object, status, message, user_name, session_id, strategy_context, ended_at
        ) VALUES (
            'MONITORING_MAINTENANCE', 'CONFIGURE', NVL(p_name, 'all strategies'), 'INFO', p_action,
            SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'SID') || ',' || SYS_CONTEXT('USERENV', 'SESSIONID'),
            p_after, SYS_EXTRACT_UTC(SYSTIMESTAMP)
        );
    END tell;
END generic_log_store_pkg;
/
