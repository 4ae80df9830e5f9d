CREATE OR REPLACE PACKAGE BODY generic_log_store_pkg AS
    -- maintenance-portal: the log of the portal itself. Rows of its runs are their checkpoint and their proof: they are left
    -- to the portal, and so is every day that it may still have to count.

    c_batch CONSTANT PLS_INTEGER := 5000;

    -- Days before this one (UTC) are counted for good: what is deleted of them is in no figure twice, and missing in none.
    FUNCTION counted_before RETURN TIMESTAMP IS
        v_before TIMESTAMP;
    BEGIN
        SELECT CAST(MAX(m.sealed_before) AS TIMESTAMP) INTO v_before FROM portal_rollup_mark m;
        RETURN NVL(v_before, TIMESTAMP '1970-01-01 00:00:00');
    END counted_before;

    -- Into the audit, whose triggers have it sealed
    PROCEDURE tell(p_object_type IN VARCHAR2, p_name IN VARCHAR2, p_action IN VARCHAR2, p_after IN VARCHAR2) IS
        v_id NUMBER;
    BEGIN
        IF p_object_type = 'LogPolicy' THEN
            SELECT MIN(p.id) INTO v_id
              FROM generic_log_policy p
             WHERE p.strategy_name = p_name OR (p_name IS NULL AND p.strategy_name IS NULL);
        ELSE
            SELECT MIN(t.strategy_type_id) INTO v_id FROM generic_strategy_types t WHERE t.strategy_name = p_name;
        END IF;
        INSERT INTO portal_audit_entry (
            "AT", actor, action, object_type, object_id, object_name, "AFTER", address
        ) VALUES (
            SYS_EXTRACT_UTC(SYSTIMESTAMP), 'sql:' || SYS_CONTEXT('USERENV', 'SESSION_USER'), p_action, p_object_type,
            TO_CHAR(v_id), NVL(p_name, 'all strategies'), p_after, SUBSTR(SYS_CONTEXT('USERENV', 'HOST'), 1, 60)
        );
    END tell;

    FUNCTION is_of_strategies(p_operation_id IN NUMBER) RETURN BOOLEAN IS
        v_of_a_run NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_of_a_run
          FROM generic_operation_log l
         WHERE l.operation_id = p_operation_id
           AND l.run_id IS NOT NULL;
        RETURN v_of_a_run = 0;
    END is_of_strategies;

    FUNCTION job_executions(p_from IN TIMESTAMP, p_before IN TIMESTAMP) RETURN execution_tab PIPELINED IS
        v_row execution_row;
    BEGIN
        FOR found IN (
            SELECT j.job_name, r.strategy_name,
                   CASE r.status
                       WHEN 'succeeded' THEN 'SUCCESS'
                       WHEN 'warning' THEN 'WARNING'
                       WHEN 'continued' THEN 'WARNING'
                       WHEN 'cancelled' THEN 'CANCELLED'
                       WHEN 'missed' THEN 'MISSED'
                       ELSE 'ERROR'
                   END AS status,
                   r.duration_ms, r.finished_at AS ended_at
              FROM portal_job_run r
              JOIN generic_maintenance_jobs j ON j.job_id = r.job_id
             WHERE r.finished_at >= p_from
               AND r.finished_at < p_before
            UNION ALL
            -- as text of the database's own character set, as the words above are: both parts have to be of one
            SELECT l.job_name, l.strategy_name, TO_CHAR(l.status) AS status, l.duration_ms,
                   NVL(l.ended_at, l.operation_time) AS ended_at
              FROM generic_operation_log l
             WHERE l.job_name IS NOT NULL
               AND l.operation_type = 'EXECUTE'
               AND l.run_id IS NULL
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
        v_counted TIMESTAMP := counted_before;
        v_general NUMBER;
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
               AND l.operation_time < v_counted
               AND l.run_id IS NULL
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
               AND (l.status NOT IN ('STARTED', 'RUNNING', 'PENDING') OR l.operation_time < v_today - NUMTODSINTERVAL(31, 'DAY'))
               AND ROWNUM <= c_batch;
            v_batch := SQL%ROWCOUNT;
            IF v_batch > 0 THEN
                tell('LogPolicy', NULL, 'log.pruned', '{"rows": ' || TO_CHAR(v_batch) || '}');
            END IF;
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
            || 'AND (:p_all = 1 OR strategy_name = :p_strategy) AND run_id IS NULL '
            || 'AND status NOT IN (''STARTED'', ''RUNNING'', ''PENDING'')';
        v_before TIMESTAMP := LEAST(p_before, counted_before);
        v_all    NUMBER := CASE WHEN p_strategy_name IS NULL THEN 1 ELSE 0 END;
        v_copied NUMBER;
    BEGIN
        -- One view of the log for the copy and the deletion; no lock on the table, or runs could not write meanwhile
        SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
        EXECUTE IMMEDIATE 'INSERT INTO ' || DBMS_ASSERT.SIMPLE_SQL_NAME(p_archive_table) || ' (' || v_columns || ') SELECT '
            || v_columns || v_rows USING p_from, v_before, v_all, p_strategy_name;
        v_copied := SQL%ROWCOUNT;
        EXECUTE IMMEDIATE 'DELETE' || v_rows USING p_from, v_before, v_all, p_strategy_name;
        IF SQL%ROWCOUNT <> v_copied THEN
            RAISE_APPLICATION_ERROR(-20709, 'The copy is not what was to be copied; nothing was moved.');
        END IF;
        IF v_copied > 0 THEN
            tell('LogPolicy', NULL, 'log.archived', '{"rows": ' || TO_CHAR(v_copied) || ', "to": "' || LOWER(p_archive_table) || '"}');
        END IF;
        COMMIT;
        RETURN v_copied;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END move_rows;
END generic_log_store_pkg;
/
