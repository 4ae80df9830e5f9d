CREATE OR REPLACE PACKAGE BODY generic_maintenance_logger_pkg AS
    -- maintenance-portal: see the specification

    TYPE number_tab IS TABLE OF NUMBER INDEX BY VARCHAR2(40);

    c_days_back CONSTANT PLS_INTEGER := 30;
    c_longest   CONSTANT PLS_INTEGER := 1900;  -- characters of one cell of a file, whose lines have 32767 bytes at most

    g_cpu        number_tab;  -- the session's CPU time (1/100 s) at the beginning of the operations that began here
    g_last_error VARCHAR2(2000);

    ------------------------------------------------------------------------------------------------------------ Values

    FUNCTION utc_now RETURN TIMESTAMP IS
    BEGIN
        RETURN SYS_EXTRACT_UTC(SYSTIMESTAMP);
    END utc_now;

    -- A date as SYSDATE tells it, that is by the clock of the server, as an instant in UTC
    FUNCTION to_utc(p_date IN DATE) RETURN TIMESTAMP IS
    BEGIN
        RETURN SYS_EXTRACT_UTC(FROM_TZ(CAST(p_date AS TIMESTAMP), TO_CHAR(SYSTIMESTAMP, 'TZH:TZM')));
    END to_utc;

    FUNCTION end_of(p_end_date IN DATE) RETURN TIMESTAMP IS
    BEGIN
        RETURN CASE WHEN p_end_date IS NULL THEN utc_now + NUMTODSINTERVAL(1, 'SECOND') ELSE to_utc(p_end_date) END;
    END end_of;

    FUNCTION start_of(p_start_date IN DATE, p_before IN TIMESTAMP) RETURN TIMESTAMP IS
    BEGIN
        RETURN CASE WHEN p_start_date IS NULL THEN p_before - NUMTODSINTERVAL(c_days_back, 'DAY') ELSE to_utc(p_start_date) END;
    END start_of;

    FUNCTION ms_between(p_from IN TIMESTAMP, p_until IN TIMESTAMP) RETURN NUMBER IS
        v_time INTERVAL DAY(9) TO SECOND(6) := p_until - p_from;
    BEGIN
        RETURN ROUND(1000 * (86400 * EXTRACT(DAY FROM v_time) + 3600 * EXTRACT(HOUR FROM v_time)
            + 60 * EXTRACT(MINUTE FROM v_time) + EXTRACT(SECOND FROM v_time)));
    END ms_between;

    -- Characters of a column, and never more bytes than a column of 2000 characters holds everywhere
    FUNCTION fit(p_text IN VARCHAR2, p_length IN PLS_INTEGER) RETURN VARCHAR2 IS
    BEGIN
        RETURN SUBSTRB(SUBSTR(p_text, 1, p_length), 1, 4000);
    END fit;

    -- What a caller says of its work, as JSON in any case, with the portal's run where one is at work in this session
    FUNCTION context_of(p_context IN CLOB) RETURN CLOB IS
        v_module VARCHAR2(64) := SYS_CONTEXT('USERENV', 'MODULE');
        v_object JSON_OBJECT_T;
    BEGIN
        IF p_context IS NULL AND NVL(v_module, '-') NOT LIKE 'mportal:%' THEN
            RETURN NULL;
        END IF;
        IF p_context IS NULL THEN
            v_object := JSON_OBJECT_T();
        ELSE
            BEGIN
                v_object := JSON_OBJECT_T.PARSE(p_context);
            EXCEPTION
                WHEN OTHERS THEN  -- no JSON, or no object
                    v_object := JSON_OBJECT_T();
                    v_object.PUT('text', DBMS_LOB.SUBSTR(p_context, 2000, 1));
            END;
        END IF;
        IF v_module LIKE 'mportal:%' THEN
            v_object.PUT('portal', SUBSTR(v_module, 9));
            v_object.PUT('session', SYS_CONTEXT('USERENV', 'ACTION'));
        END IF;
        RETURN v_object.TO_CLOB;
    END context_of;

    PROCEDURE remember(p_error IN VARCHAR2) IS
    BEGIN
        g_last_error := SUBSTRB(p_error, 1, 2000);
    END remember;

    PROCEDURE refuse_name(p_name IN VARCHAR2) IS
    BEGIN
        IF TRIM(p_name) IS NULL OR LENGTH(p_name) > 50 THEN
            RAISE_APPLICATION_ERROR(-20701, 'p_strategy_name: a strategy''s name has 1 to 50 characters.');
        END IF;
    END refuse_name;

    FUNCTION is_silenced(p_strategy_name IN VARCHAR2) RETURN BOOLEAN IS
        v_off NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_off
          FROM generic_log_policy p
         WHERE p.is_enabled = 'N'
           AND (p.strategy_name IS NULL OR p.strategy_name = p_strategy_name);
        RETURN v_off > 0;
    END is_silenced;

    ------------------------------------------------------------------------------------------------------------ The registry

    PROCEDURE register_strategy(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2 DEFAULT 'MAINTENANCE',
        p_description   IN VARCHAR2 DEFAULT NULL,
        p_category      IN VARCHAR2 DEFAULT 'DATABASE'
    ) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_description VARCHAR2(800) := fit(p_description, 200);
    BEGIN
        refuse_name(p_strategy_name);
        IF LENGTH(p_strategy_type) > 20 THEN
            RAISE_APPLICATION_ERROR(-20702, 'p_strategy_type: it has at most 20 characters.');
        END IF;
        IF LENGTH(p_category) > 30 THEN
            RAISE_APPLICATION_ERROR(-20702, 'p_category: it has at most 30 characters.');
        END IF;
        UPDATE generic_strategy_types t
           SET t.strategy_type = NVL(p_strategy_type, 'MAINTENANCE'), t.description = v_description, t.category = p_category,
               t.is_active = 'Y'
         WHERE t.strategy_name = p_strategy_name;
        IF SQL%ROWCOUNT = 0 THEN
            INSERT INTO generic_strategy_types (strategy_name, strategy_type, description, category)
            VALUES (p_strategy_name, NVL(p_strategy_type, 'MAINTENANCE'), v_description, p_category);
        END IF;
        generic_log_store_pkg.tell('StrategyType', p_strategy_name, 'strategytype.registered', NULL);
        COMMIT;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END register_strategy;

    PROCEDURE unregister_strategy(p_strategy_name IN VARCHAR2) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
    BEGIN
        UPDATE generic_strategy_types t
           SET t.is_active = 'N'
         WHERE t.strategy_name = p_strategy_name;
        IF SQL%ROWCOUNT = 0 THEN
            RAISE_APPLICATION_ERROR(-20703, 'p_strategy_name: no strategy of this name is registered.');
        END IF;
        generic_log_store_pkg.tell('StrategyType', p_strategy_name, 'strategytype.unregistered', NULL);
        COMMIT;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END unregister_strategy;

    FUNCTION get_registered_strategies(
        p_strategy_type IN VARCHAR2 DEFAULT NULL,
        p_category      IN VARCHAR2 DEFAULT NULL
    ) RETURN strategy_tab PIPELINED IS
        v_row strategy_row;
    BEGIN
        FOR found IN (
            SELECT t.strategy_name, t.strategy_type, t.description, t.category, t.is_active
              FROM generic_strategy_types t
             WHERE (p_strategy_type IS NULL OR t.strategy_type = p_strategy_type)
               AND (p_category IS NULL OR t.category = p_category)
             ORDER BY t.strategy_name
        ) LOOP
            v_row.strategy_name := found.strategy_name;
            v_row.strategy_type := found.strategy_type;
            v_row.description := found.description;
            v_row.category := found.category;
            v_row.is_active := found.is_active;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_registered_strategies;

    ------------------------------------------------------------------------------------------------------------ Writing

    -- The one place that adds a row
    FUNCTION begun(
        p_strategy_name    IN VARCHAR2,
        p_operation_type   IN VARCHAR2,
        p_target_object    IN VARCHAR2,
        p_target_type      IN VARCHAR2,
        p_sql_text         IN CLOB,
        p_strategy_context IN CLOB,
        p_job_name         IN VARCHAR2
    ) RETURN NUMBER IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_context   CLOB;
        v_strategy  VARCHAR2(200) := fit(NVL(p_strategy_name, 'UNKNOWN'), 50);
        v_operation VARCHAR2(200) := fit(NVL(p_operation_type, 'UNKNOWN'), 50);
        v_job       VARCHAR2(512) := fit(p_job_name, 128);
        v_object    VARCHAR2(2000) := fit(p_target_object, 500);
        v_type      VARCHAR2(120) := fit(p_target_type, 30);
        v_id        NUMBER;
    BEGIN
        IF is_silenced(v_strategy) THEN
            RETURN NULL;
        END IF;
        v_context := context_of(p_strategy_context);
        INSERT INTO generic_operation_log (
            strategy_name, operation_type, job_name, target_object, target_type, status, operation_time, user_name, session_id,
            sql_text, strategy_context
        ) VALUES (
            v_strategy, v_operation, v_job, v_object, v_type, 'STARTED', SYS_EXTRACT_UTC(SYSTIMESTAMP),
            SYS_CONTEXT('USERENV', 'SESSION_USER'), SYS_CONTEXT('USERENV', 'SID') || ',' || SYS_CONTEXT('USERENV', 'SESSIONID'),
            p_sql_text, v_context
        ) RETURNING operation_id INTO v_id;
        COMMIT;
        g_cpu(TO_CHAR(v_id)) := DBMS_UTILITY.GET_CPU_TIME;
        RETURN v_id;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            remember(SQLERRM);
            RETURN NULL;
    END begun;

    -- The one place that ends one
    PROCEDURE ended(
        p_operation_id     IN NUMBER,
        p_status           IN VARCHAR2,
        p_message          IN VARCHAR2,
        p_error_code       IN VARCHAR2,
        p_error_message    IN VARCHAR2,
        p_duration_ms      IN NUMBER,
        p_cpu_time_ms      IN NUMBER,
        p_memory_used_mb   IN NUMBER,
        p_io_operations    IN NUMBER,
        p_rows_processed   IN NUMBER,
        p_objects_affected IN NUMBER
    ) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_key     VARCHAR2(40) := TO_CHAR(p_operation_id);
        v_status  VARCHAR2(80) := fit(UPPER(NVL(p_status, 'SUCCESS')), 20);
        v_message VARCHAR2(4000) := fit(p_message, 2000);
        v_error   VARCHAR2(4000) := fit(p_error_message, 2000);
        v_code    VARCHAR2(200) := fit(p_error_code, 50);
        v_cpu     NUMBER := p_cpu_time_ms;
        v_now     TIMESTAMP := utc_now;
        v_began   TIMESTAMP;
        v_time    NUMBER := p_duration_ms;
    BEGIN
        IF p_operation_id IS NULL THEN  -- its beginning was not written
            RETURN;
        END IF;
        IF v_status IN ('ERROR', 'TIMEOUT') THEN
            v_error := NVL(v_error, v_message);
            v_code := NVL(v_code, REGEXP_SUBSTR(v_error, '[A-Z]{2,4}-[0-9]{4,5}'));
        END IF;
        IF NOT generic_log_store_pkg.is_of_strategies(p_operation_id) THEN
            remember('Operation ' || v_key || ' is one of the portal''s runs, which write their ends themselves.');
            RETURN;
        END IF;
        IF v_cpu IS NULL AND g_cpu.EXISTS(v_key) THEN
            v_cpu := 10 * (DBMS_UTILITY.GET_CPU_TIME - g_cpu(v_key));
        END IF;
        IF v_time IS NULL THEN
            SELECT l.operation_time INTO v_began FROM generic_operation_log l WHERE l.operation_id = p_operation_id;
            v_time := GREATEST(0, ms_between(v_began, v_now));
        END IF;
        UPDATE generic_operation_log l
           SET l.status = v_status, l.message = v_message, l.duration_ms = ROUND(v_time), l.error_code = v_code,
               l.error_message = v_error, l.cpu_time_ms = ROUND(v_cpu), l.memory_used_mb = ROUND(p_memory_used_mb, 2),
               l.io_operations = ROUND(p_io_operations), l.rows_processed = ROUND(p_rows_processed),
               l.objects_affected = ROUND(p_objects_affected), l.ended_at = v_now
         WHERE l.operation_id = p_operation_id
           AND l.status IN ('STARTED', 'RUNNING', 'PENDING');
        IF SQL%ROWCOUNT = 0 THEN
            remember('Operation ' || v_key || ' had ended already, or is not there.');
        END IF;
        COMMIT;
        g_cpu.DELETE(v_key);
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            remember(SQLERRM);
    END ended;

    FUNCTION log_strategy_start(
        p_strategy_name    IN VARCHAR2,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL
    ) RETURN NUMBER IS
    BEGIN
        RETURN begun(p_strategy_name, 'EXECUTE', p_target_object, p_target_type, NULL, p_strategy_context, NULL);
    END log_strategy_start;

    PROCEDURE log_strategy_end(
        p_operation_id        IN NUMBER,
        p_status              IN VARCHAR2 DEFAULT 'SUCCESS',
        p_message             IN VARCHAR2 DEFAULT NULL,
        p_performance_metrics IN CLOB DEFAULT NULL
    ) IS
        v_metrics JSON_OBJECT_T := JSON_OBJECT_T();
    BEGIN
        IF p_performance_metrics IS NOT NULL THEN
            BEGIN
                v_metrics := JSON_OBJECT_T.PARSE(p_performance_metrics);
            EXCEPTION
                WHEN OTHERS THEN  -- the end counts, whatever is said of its cost
                    remember('p_performance_metrics is no JSON object: ' || SQLERRM);
            END;
        END IF;
        ended(
            p_operation_id, p_status, p_message, NULL, NULL, v_metrics.GET_NUMBER('duration_ms'), v_metrics.GET_NUMBER('cpu_time_ms'),
            v_metrics.GET_NUMBER('memory_used_mb'), v_metrics.GET_NUMBER('io_operations'), v_metrics.GET_NUMBER('rows_processed'),
            v_metrics.GET_NUMBER('objects_affected')
        );
    END log_strategy_end;

    FUNCTION log_start_operation(
        p_strategy_name    IN VARCHAR2,
        p_operation_type   IN VARCHAR2,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_sql_text         IN CLOB DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL,
        p_job_name         IN VARCHAR2 DEFAULT NULL
    ) RETURN NUMBER IS
    BEGIN
        RETURN begun(
            p_strategy_name, p_operation_type, p_target_object, p_target_type, p_sql_text, p_strategy_context, p_job_name
        );
    END log_start_operation;

    PROCEDURE log_end_operation(
        p_operation_id     IN NUMBER,
        p_status           IN VARCHAR2 DEFAULT 'SUCCESS',
        p_message          IN VARCHAR2 DEFAULT NULL,
        p_error_code       IN VARCHAR2 DEFAULT NULL,
        p_error_message    IN VARCHAR2 DEFAULT NULL,
        p_duration_ms      IN NUMBER DEFAULT NULL,
        p_cpu_time_ms      IN NUMBER DEFAULT NULL,
        p_memory_used_mb   IN NUMBER DEFAULT NULL,
        p_io_operations    IN NUMBER DEFAULT NULL,
        p_rows_processed   IN NUMBER DEFAULT NULL,
        p_objects_affected IN NUMBER DEFAULT NULL
    ) IS
    BEGIN
        ended(
            p_operation_id, p_status, p_message, p_error_code, p_error_message, p_duration_ms, p_cpu_time_ms, p_memory_used_mb,
            p_io_operations, p_rows_processed, p_objects_affected
        );
    END log_end_operation;

    PROCEDURE log_operation(
        p_strategy_name    IN VARCHAR2,
        p_operation_type   IN VARCHAR2,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_status           IN VARCHAR2 DEFAULT 'SUCCESS',
        p_message          IN VARCHAR2 DEFAULT NULL,
        p_duration_ms      IN NUMBER DEFAULT NULL,
        p_sql_text         IN CLOB DEFAULT NULL,
        p_error_code       IN VARCHAR2 DEFAULT NULL,
        p_error_message    IN VARCHAR2 DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL,
        p_cpu_time_ms      IN NUMBER DEFAULT NULL,
        p_memory_used_mb   IN NUMBER DEFAULT NULL,
        p_io_operations    IN NUMBER DEFAULT NULL,
        p_rows_processed   IN NUMBER DEFAULT NULL,
        p_objects_affected IN NUMBER DEFAULT NULL,
        p_job_name         IN VARCHAR2 DEFAULT NULL
    ) IS
        v_id NUMBER;
    BEGIN
        v_id := begun(
            p_strategy_name, p_operation_type, p_target_object, p_target_type, p_sql_text, p_strategy_context, p_job_name
        );
        IF v_id IS NULL THEN
            RETURN;
        END IF;
        g_cpu.DELETE(TO_CHAR(v_id));  -- it took place before
        IF UPPER(p_status) IN ('STARTED', 'RUNNING', 'PENDING') THEN
            RETURN;
        END IF;
        ended(
            v_id, p_status, p_message, p_error_code, p_error_message, p_duration_ms, p_cpu_time_ms, p_memory_used_mb,
            p_io_operations, p_rows_processed, p_objects_affected
        );
    END log_operation;

    PROCEDURE log_job_execution(
        p_strategy_name    IN VARCHAR2,
        p_job_name         IN VARCHAR2,
        p_status           IN VARCHAR2 DEFAULT 'SUCCESS',
        p_message          IN VARCHAR2 DEFAULT NULL,
        p_duration_ms      IN NUMBER DEFAULT NULL,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_error_code       IN VARCHAR2 DEFAULT NULL,
        p_error_message    IN VARCHAR2 DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL
    ) IS
    BEGIN
        log_operation(
            p_strategy_name => p_strategy_name, p_operation_type => 'EXECUTE', p_target_object => p_target_object,
            p_target_type => p_target_type, p_status => p_status, p_message => p_message, p_duration_ms => p_duration_ms,
            p_error_code => p_error_code, p_error_message => p_error_message, p_strategy_context => p_strategy_context,
            p_job_name => p_job_name
        );
    END log_job_execution;

    PROCEDURE log_performance_metrics(
        p_operation_id     IN NUMBER,
        p_cpu_time_ms      IN NUMBER DEFAULT NULL,
        p_memory_used_mb   IN NUMBER DEFAULT NULL,
        p_io_operations    IN NUMBER DEFAULT NULL,
        p_rows_processed   IN NUMBER DEFAULT NULL,
        p_objects_affected IN NUMBER DEFAULT NULL
    ) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
    BEGIN
        IF NOT generic_log_store_pkg.is_of_strategies(p_operation_id) THEN
            remember('Operation ' || TO_CHAR(p_operation_id) || ' is one of the portal''s runs, which are measured by themselves.');
            RETURN;
        END IF;
        UPDATE generic_operation_log l
           SET l.cpu_time_ms = NVL(ROUND(p_cpu_time_ms), l.cpu_time_ms),
               l.memory_used_mb = NVL(ROUND(p_memory_used_mb, 2), l.memory_used_mb),
               l.io_operations = NVL(ROUND(p_io_operations), l.io_operations),
               l.rows_processed = NVL(ROUND(p_rows_processed), l.rows_processed),
               l.objects_affected = NVL(ROUND(p_objects_affected), l.objects_affected)
         WHERE l.operation_id = p_operation_id;
        COMMIT;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            remember(SQLERRM);
    END log_performance_metrics;

    FUNCTION last_error RETURN VARCHAR2 IS
    BEGIN
        RETURN g_last_error;
    END last_error;

    ------------------------------------------------------------------------------------------------------------ Rules

    -- A strategy's own rule begins as that of all is, so that a change of one value changes no other
    PROCEDURE change_rule(
        p_strategy_name IN VARCHAR2, p_is_enabled IN VARCHAR2, p_retention_days IN NUMBER, p_action IN VARCHAR2, p_after IN VARCHAR2
    ) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
        v_days  NUMBER;
        v_known NUMBER;
    BEGIN
        SELECT COUNT(*), NVL(MAX(p.retention_days), 90) INTO v_known, v_days
          FROM generic_log_policy p
         WHERE p.strategy_name IS NULL;
        IF v_known = 0 THEN
            INSERT INTO generic_log_policy (strategy_name) VALUES (NULL);
        END IF;
        UPDATE generic_log_policy p
           SET p.is_enabled = NVL(p_is_enabled, p.is_enabled), p.retention_days = NVL(p_retention_days, p.retention_days)
         WHERE p.strategy_name = p_strategy_name
            OR (p_strategy_name IS NULL AND p.strategy_name IS NULL);
        IF SQL%ROWCOUNT = 0 THEN
            INSERT INTO generic_log_policy (strategy_name, is_enabled, retention_days)
            VALUES (p_strategy_name, NVL(p_is_enabled, 'Y'), NVL(p_retention_days, v_days));
        END IF;
        generic_log_store_pkg.tell('LogPolicy', p_strategy_name, p_action, p_after);
        COMMIT;
    EXCEPTION
        WHEN OTHERS THEN
            ROLLBACK;
            RAISE;
    END change_rule;

    PROCEDURE switch(p_strategy_name IN VARCHAR2, p_enabled IN BOOLEAN) IS
    BEGIN
        IF p_enabled IS NULL THEN
            RAISE_APPLICATION_ERROR(-20704, 'p_enabled: say TRUE or FALSE.');
        END IF;
        IF p_enabled THEN
            change_rule(p_strategy_name, 'Y', NULL, 'log.switched_on', NULL);
        ELSE
            change_rule(p_strategy_name, 'N', NULL, 'log.switched_off', NULL);
        END IF;
    END switch;

    PROCEDURE set_logging_enabled(p_enabled IN BOOLEAN) IS
    BEGIN
        switch(NULL, p_enabled);
    END set_logging_enabled;

    FUNCTION is_logging_enabled RETURN BOOLEAN IS
    BEGIN
        RETURN NOT is_silenced(NULL);
    END is_logging_enabled;

    PROCEDURE set_strategy_logging(p_strategy_name IN VARCHAR2, p_enabled IN BOOLEAN) IS
    BEGIN
        refuse_name(p_strategy_name);
        switch(p_strategy_name, p_enabled);
    END set_strategy_logging;

    FUNCTION is_strategy_logging_enabled(p_strategy_name IN VARCHAR2) RETURN BOOLEAN IS
    BEGIN
        RETURN NOT is_silenced(p_strategy_name);
    END is_strategy_logging_enabled;

    PROCEDURE set_log_retention_days(p_retention_days IN NUMBER, p_strategy_name IN VARCHAR2 DEFAULT NULL) IS
    BEGIN
        IF p_retention_days IS NULL OR p_retention_days NOT BETWEEN 1 AND 3650 OR p_retention_days <> TRUNC(p_retention_days) THEN
            RAISE_APPLICATION_ERROR(-20705, 'p_retention_days: rows are kept for 1 to 3650 whole days.');
        END IF;
        IF p_strategy_name IS NOT NULL THEN
            refuse_name(p_strategy_name);
        END IF;
        change_rule(
            p_strategy_name, NULL, p_retention_days, 'log.retention_changed',
            '{"retention_days": ' || TO_CHAR(p_retention_days) || '}'
        );
    END set_log_retention_days;

    FUNCTION get_log_retention_days(p_strategy_name IN VARCHAR2 DEFAULT NULL) RETURN NUMBER IS
        v_own     NUMBER;
        v_general NUMBER;
    BEGIN
        SELECT MAX(CASE WHEN p.strategy_name = p_strategy_name THEN p.retention_days END),
               MAX(CASE WHEN p.strategy_name IS NULL THEN p.retention_days END)
          INTO v_own, v_general
          FROM generic_log_policy p;
        RETURN COALESCE(v_own, v_general, 90);
    END get_log_retention_days;

    ------------------------------------------------------------------------------------------------------------ Reports

    FUNCTION get_operation_log(
        p_strategy_name  IN VARCHAR2 DEFAULT NULL,
        p_operation_type IN VARCHAR2 DEFAULT NULL,
        p_target_object  IN VARCHAR2 DEFAULT NULL,
        p_status         IN VARCHAR2 DEFAULT NULL,
        p_start_date     IN DATE DEFAULT NULL,
        p_end_date       IN DATE DEFAULT NULL
    ) RETURN operation_tab PIPELINED IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_row    operation_row;
    BEGIN
        FOR found IN (
            SELECT l.operation_id, l.strategy_name, l.operation_type, l.job_name, l.target_object, l.target_type, l.status, l.message,
                   l.duration_ms, l.operation_time, l.user_name, l.session_id, l.sql_text, l.error_code, l.error_message,
                   l.strategy_context, l.cpu_time_ms, l.memory_used_mb, l.io_operations, l.rows_processed, l.objects_affected
              FROM generic_operation_log l
             WHERE l.operation_time >= v_from
               AND l.operation_time < v_before
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
               AND (p_operation_type IS NULL OR l.operation_type = p_operation_type)
               AND (p_target_object IS NULL OR l.target_object = p_target_object)
               AND (p_status IS NULL OR l.status = p_status)
             ORDER BY l.operation_time DESC, l.operation_id DESC
        ) LOOP
            v_row.operation_id := found.operation_id;
            v_row.strategy_name := found.strategy_name;
            v_row.operation_type := found.operation_type;
            v_row.job_name := found.job_name;
            v_row.target_object := found.target_object;
            v_row.target_type := found.target_type;
            v_row.status := found.status;
            v_row.message := found.message;
            v_row.duration_ms := found.duration_ms;
            v_row.operation_time := found.operation_time;
            v_row.user_name := found.user_name;
            v_row.session_id := found.session_id;
            v_row.sql_text := found.sql_text;
            v_row.error_code := found.error_code;
            v_row.error_message := found.error_message;
            v_row.strategy_context := found.strategy_context;
            v_row.cpu_time_ms := found.cpu_time_ms;
            v_row.memory_used_mb := found.memory_used_mb;
            v_row.io_operations := found.io_operations;
            v_row.rows_processed := found.rows_processed;
            v_row.objects_affected := found.objects_affected;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_operation_log;

    FUNCTION get_performance_summary(
        p_strategy_name  IN VARCHAR2 DEFAULT NULL,
        p_operation_type IN VARCHAR2 DEFAULT NULL,
        p_start_date     IN DATE DEFAULT NULL,
        p_end_date       IN DATE DEFAULT NULL
    ) RETURN performance_tab PIPELINED IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_row    performance_row;
    BEGIN
        FOR found IN (
            SELECT l.strategy_name, l.operation_type, COUNT(*) AS operation_count,
                   COUNT(CASE WHEN l.status = 'SUCCESS' THEN 1 END) AS success_count,
                   COUNT(CASE WHEN l.status = 'WARNING' THEN 1 END) AS warning_count,
                   COUNT(CASE WHEN l.status IN ('ERROR', 'TIMEOUT') THEN 1 END) AS error_count,
                   COUNT(CASE WHEN l.status = 'CANCELLED' THEN 1 END) AS cancelled_count,
                   COUNT(CASE WHEN l.status IN ('SUCCESS', 'WARNING') THEN 1 END)
                       / NULLIF(COUNT(CASE WHEN l.status <> 'CANCELLED' THEN 1 END), 0) AS success_rate,
                   AVG(l.duration_ms) AS avg_duration_ms,
                   PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY l.duration_ms) AS p50_duration_ms,
                   PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY l.duration_ms) AS p95_duration_ms,
                   SUM(l.cpu_time_ms) AS total_cpu_time_ms, AVG(l.memory_used_mb) AS avg_memory_used_mb,
                   SUM(l.io_operations) AS total_io_operations, SUM(l.rows_processed) AS total_rows_processed
              FROM generic_operation_log l
             WHERE l.operation_time >= v_from
               AND l.operation_time < v_before
               AND l.status IN ('SUCCESS', 'WARNING', 'ERROR', 'TIMEOUT', 'CANCELLED')
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
               AND (p_operation_type IS NULL OR l.operation_type = p_operation_type)
             GROUP BY l.strategy_name, l.operation_type
             ORDER BY l.strategy_name, l.operation_type
        ) LOOP
            v_row.strategy_name := found.strategy_name;
            v_row.operation_type := found.operation_type;
            v_row.operation_count := found.operation_count;
            v_row.success_count := found.success_count;
            v_row.warning_count := found.warning_count;
            v_row.error_count := found.error_count;
            v_row.cancelled_count := found.cancelled_count;
            v_row.success_rate := ROUND(found.success_rate, 4);
            v_row.avg_duration_ms := ROUND(found.avg_duration_ms);
            v_row.p50_duration_ms := found.p50_duration_ms;
            v_row.p95_duration_ms := found.p95_duration_ms;
            v_row.total_cpu_time_ms := found.total_cpu_time_ms;
            v_row.avg_memory_used_mb := ROUND(found.avg_memory_used_mb, 2);
            v_row.total_io_operations := found.total_io_operations;
            v_row.total_rows_processed := found.total_rows_processed;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_performance_summary;

    FUNCTION get_error_summary(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN error_tab PIPELINED IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_row    error_row;
    BEGIN
        FOR found IN (
            SELECT e.strategy_name, e.operation_type, e.error_code, e.error_count, e.first_time, e.last_time,
                   e.target_object AS last_object, NVL(e.error_message, e.message) AS last_message
              FROM (
                  SELECT l.strategy_name, l.operation_type, l.error_code, l.target_object, l.error_message, l.message,
                         COUNT(*) OVER (PARTITION BY l.strategy_name, l.operation_type, l.error_code) AS error_count,
                         MIN(l.operation_time) OVER (PARTITION BY l.strategy_name, l.operation_type, l.error_code) AS first_time,
                         MAX(l.operation_time) OVER (PARTITION BY l.strategy_name, l.operation_type, l.error_code) AS last_time,
                         ROW_NUMBER() OVER (
                             PARTITION BY l.strategy_name, l.operation_type, l.error_code
                             ORDER BY l.operation_time DESC, l.operation_id DESC
                         ) AS place
                    FROM generic_operation_log l
                   WHERE l.operation_time >= v_from
                     AND l.operation_time < v_before
                     AND l.status IN ('ERROR', 'TIMEOUT')
                     AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
              ) e
             WHERE e.place = 1
             ORDER BY e.error_count DESC, e.strategy_name, e.operation_type, e.error_code
        ) LOOP
            v_row.strategy_name := found.strategy_name;
            v_row.operation_type := found.operation_type;
            v_row.error_code := found.error_code;
            v_row.error_count := found.error_count;
            v_row.first_time := found.first_time;
            v_row.last_time := found.last_time;
            v_row.last_object := found.last_object;
            v_row.last_message := found.last_message;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_error_summary;

    FUNCTION get_strategy_statistics(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN performance_tab PIPELINED IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_row    performance_row;
    BEGIN
        FOR found IN (
            SELECT l.strategy_name, COUNT(*) AS operation_count,
                   COUNT(CASE WHEN l.status = 'SUCCESS' THEN 1 END) AS success_count,
                   COUNT(CASE WHEN l.status = 'WARNING' THEN 1 END) AS warning_count,
                   COUNT(CASE WHEN l.status IN ('ERROR', 'TIMEOUT') THEN 1 END) AS error_count,
                   COUNT(CASE WHEN l.status = 'CANCELLED' THEN 1 END) AS cancelled_count,
                   COUNT(CASE WHEN l.status IN ('SUCCESS', 'WARNING') THEN 1 END)
                       / NULLIF(COUNT(CASE WHEN l.status <> 'CANCELLED' THEN 1 END), 0) AS success_rate,
                   AVG(l.duration_ms) AS avg_duration_ms,
                   PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY l.duration_ms) AS p50_duration_ms,
                   PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY l.duration_ms) AS p95_duration_ms,
                   SUM(l.cpu_time_ms) AS total_cpu_time_ms, AVG(l.memory_used_mb) AS avg_memory_used_mb,
                   SUM(l.io_operations) AS total_io_operations, SUM(l.rows_processed) AS total_rows_processed
              FROM generic_operation_log l
             WHERE l.operation_time >= v_from
               AND l.operation_time < v_before
               AND l.status IN ('SUCCESS', 'WARNING', 'ERROR', 'TIMEOUT', 'CANCELLED')
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
             GROUP BY l.strategy_name
             ORDER BY COUNT(*) DESC, l.strategy_name
        ) LOOP
            v_row.strategy_name := found.strategy_name;
            v_row.operation_type := NULL;
            v_row.operation_count := found.operation_count;
            v_row.success_count := found.success_count;
            v_row.warning_count := found.warning_count;
            v_row.error_count := found.error_count;
            v_row.cancelled_count := found.cancelled_count;
            v_row.success_rate := ROUND(found.success_rate, 4);
            v_row.avg_duration_ms := ROUND(found.avg_duration_ms);
            v_row.p50_duration_ms := found.p50_duration_ms;
            v_row.p95_duration_ms := found.p95_duration_ms;
            v_row.total_cpu_time_ms := found.total_cpu_time_ms;
            v_row.avg_memory_used_mb := ROUND(found.avg_memory_used_mb, 2);
            v_row.total_io_operations := found.total_io_operations;
            v_row.total_rows_processed := found.total_rows_processed;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_strategy_statistics;

    FUNCTION get_job_execution_summary(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN job_tab PIPELINED IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_row    job_row;
    BEGIN
        FOR found IN (
            SELECT e.job_name, e.strategy_name, COUNT(*) AS execution_count,
                   COUNT(CASE WHEN e.status = 'SUCCESS' THEN 1 END) AS success_count,
                   COUNT(CASE WHEN e.status = 'WARNING' THEN 1 END) AS warning_count,
                   COUNT(CASE WHEN e.status IN ('ERROR', 'TIMEOUT') THEN 1 END) AS error_count,
                   COUNT(CASE WHEN e.status = 'CANCELLED' THEN 1 END) AS cancelled_count,
                   COUNT(CASE WHEN e.status = 'MISSED' THEN 1 END) AS missed_count,
                   AVG(e.duration_ms) AS avg_duration_ms,
                   PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY e.duration_ms) AS p95_duration_ms,
                   MAX(e.ended_at) AS last_execution,
                   MAX(e.status) KEEP (DENSE_RANK LAST ORDER BY e.ended_at) AS last_status
              FROM TABLE(generic_log_store_pkg.job_executions(v_from, v_before)) e
             WHERE p_strategy_name IS NULL OR e.strategy_name = p_strategy_name
             GROUP BY e.job_name, e.strategy_name
             ORDER BY COUNT(CASE WHEN e.status IN ('ERROR', 'TIMEOUT', 'MISSED') THEN 1 END) DESC, COUNT(*) DESC, e.job_name
        ) LOOP
            v_row.job_name := found.job_name;
            v_row.strategy_name := found.strategy_name;
            v_row.execution_count := found.execution_count;
            v_row.success_count := found.success_count;
            v_row.warning_count := found.warning_count;
            v_row.error_count := found.error_count;
            v_row.cancelled_count := found.cancelled_count;
            v_row.missed_count := found.missed_count;
            v_row.avg_duration_ms := ROUND(found.avg_duration_ms);
            v_row.p95_duration_ms := found.p95_duration_ms;
            v_row.last_execution := found.last_execution;
            v_row.last_status := found.last_status;
            PIPE ROW (v_row);
        END LOOP;
        RETURN;
    END get_job_execution_summary;

    FUNCTION get_performance_trends(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_days_back     IN NUMBER DEFAULT 30
    ) RETURN trend_tab PIPELINED IS
        TYPE day_tab IS TABLE OF trend_row INDEX BY VARCHAR2(10);
        v_last   TIMESTAMP := TRUNC(utc_now);
        v_before TIMESTAMP := v_last + NUMTODSINTERVAL(1, 'DAY');
        v_from   TIMESTAMP := v_before - NUMTODSINTERVAL(GREATEST(1, NVL(TRUNC(p_days_back), 30)), 'DAY');
        v_days   day_tab;
        v_key    VARCHAR2(10);
        v_row    trend_row;
        v_none   trend_row;
    BEGIN
        FOR found IN (
            SELECT TRUNC(l.operation_time) AS day, COUNT(*) AS operation_count,
                   COUNT(CASE WHEN l.status = 'SUCCESS' THEN 1 END) AS success_count,
                   COUNT(CASE WHEN l.status = 'WARNING' THEN 1 END) AS warning_count,
                   COUNT(CASE WHEN l.status IN ('ERROR', 'TIMEOUT') THEN 1 END) AS error_count,
                   COUNT(CASE WHEN l.status = 'CANCELLED' THEN 1 END) AS cancelled_count,
                   AVG(l.duration_ms) AS avg_duration_ms,
                   PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY l.duration_ms) AS p50_duration_ms,
                   PERCENTILE_DISC(0.95) WITHIN GROUP (ORDER BY l.duration_ms) AS p95_duration_ms
              FROM generic_operation_log l
             WHERE l.operation_time >= v_from
               AND l.operation_time < v_before
               AND l.status IN ('SUCCESS', 'WARNING', 'ERROR', 'TIMEOUT', 'CANCELLED')
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
             GROUP BY TRUNC(l.operation_time)
        ) LOOP
            v_row.operation_count := found.operation_count;
            v_row.success_count := found.success_count;
            v_row.warning_count := found.warning_count;
            v_row.error_count := found.error_count;
            v_row.cancelled_count := found.cancelled_count;
            v_row.avg_duration_ms := ROUND(found.avg_duration_ms);
            v_row.p50_duration_ms := found.p50_duration_ms;
            v_row.p95_duration_ms := found.p95_duration_ms;
            v_days(TO_CHAR(found.day, 'YYYY-MM-DD')) := v_row;
        END LOOP;
        v_none.operation_count := 0;
        v_none.success_count := 0;
        v_none.warning_count := 0;
        v_none.error_count := 0;
        v_none.cancelled_count := 0;
        WHILE v_from < v_before LOOP
            v_key := TO_CHAR(v_from, 'YYYY-MM-DD');
            IF v_days.EXISTS(v_key) THEN
                v_row := v_days(v_key);
            ELSE
                v_row := v_none;
            END IF;
            v_row.day := CAST(v_from AS DATE);
            PIPE ROW (v_row);
            v_from := v_from + NUMTODSINTERVAL(1, 'DAY');
        END LOOP;
        RETURN;
    END get_performance_trends;

    ------------------------------------------------------------------------------------------------------------ Care for the log

    PROCEDURE cleanup_old_logs(p_retention_days IN NUMBER DEFAULT NULL, p_strategy_name IN VARCHAR2 DEFAULT NULL) IS
        v_deleted NUMBER;
    BEGIN
        IF p_retention_days < 1 THEN
            RAISE_APPLICATION_ERROR(-20705, 'p_retention_days: rows are kept for at least one day.');
        END IF;
        v_deleted := generic_log_store_pkg.remove_expired(p_retention_days, p_strategy_name);
        log_operation(
            p_strategy_name => 'MONITORING_MAINTENANCE', p_operation_type => 'CLEANUP', p_target_object => 'GENERIC_OPERATION_LOG',
            p_target_type => 'TABLE', p_message => TO_CHAR(v_deleted) || ' rows past their time were deleted.',
            p_rows_processed => v_deleted
        );
    END cleanup_old_logs;

    PROCEDURE make_archive(p_name IN VARCHAR2) IS
        PRAGMA AUTONOMOUS_TRANSACTION;  -- what changes a structure commits, and the caller's work is not to be committed by it
        v_known NUMBER;
    BEGIN
        SELECT COUNT(*) INTO v_known FROM user_tables t WHERE t.table_name = p_name;
        IF v_known = 0 THEN
            EXECUTE IMMEDIATE 'CREATE TABLE ' || DBMS_ASSERT.SIMPLE_SQL_NAME(p_name) || ' SEGMENT CREATION IMMEDIATE AS SELECT operation_id, strategy_name, '
                || 'operation_type, job_name, target_object, target_type, status, message, duration_ms, operation_time, user_name, '
                || 'session_id, sql_text, error_code, error_message, strategy_context, cpu_time_ms, memory_used_mb, io_operations, '
                || 'rows_processed, objects_affected, ended_at FROM generic_operation_log WHERE 1 = 0';
        END IF;
        COMMIT;
    END make_archive;

    PROCEDURE archive_logs(
        p_archive_table IN VARCHAR2,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL,
        p_strategy_name IN VARCHAR2 DEFAULT NULL
    ) IS
        v_name   VARCHAR2(130);
        v_before TIMESTAMP;
        v_moved  NUMBER;
    BEGIN
        v_name := UPPER(DBMS_ASSERT.SIMPLE_SQL_NAME(p_archive_table));
        IF v_name = 'GENERIC_OPERATION_LOG' THEN
            RAISE_APPLICATION_ERROR(-20706, 'p_archive_table: that is the log itself; name another table.');
        END IF;
        v_before := CASE
            WHEN p_end_date IS NULL THEN TRUNC(utc_now) - NUMTODSINTERVAL(get_log_retention_days(p_strategy_name), 'DAY')
            ELSE to_utc(p_end_date)
        END;
        make_archive(v_name);
        v_moved := generic_log_store_pkg.move_rows(
            v_name, NVL(to_utc(p_start_date), TIMESTAMP '1970-01-01 00:00:00'), v_before, p_strategy_name
        );
        log_operation(
            p_strategy_name => 'MONITORING_MAINTENANCE', p_operation_type => 'ARCHIVE', p_target_object => v_name,
            p_target_type => 'TABLE', p_message => TO_CHAR(v_moved) || ' rows of the log were moved here.', p_rows_processed => v_moved
        );
    END archive_logs;

    PROCEDURE compress_partition(p_name IN VARCHAR2) IS
        PRAGMA AUTONOMOUS_TRANSACTION;
    BEGIN
        EXECUTE IMMEDIATE 'ALTER TABLE generic_operation_log MOVE PARTITION ' || DBMS_ASSERT.ENQUOTE_NAME(p_name, FALSE)
            || ' ROW STORE COMPRESS BASIC ONLINE';
    END compress_partition;

    PROCEDURE compress_log_partitions(p_partition_name IN VARCHAR2 DEFAULT NULL) IS
        v_month  TIMESTAMP := TRUNC(utc_now, 'MM');
        v_before TIMESTAMP;
        v_known  NUMBER;
        v_done   NUMBER := 0;
    BEGIN
        SELECT COUNT(*) INTO v_known FROM user_part_tables t WHERE t.table_name = 'GENERIC_OPERATION_LOG';
        IF v_known = 0 THEN
            RAISE_APPLICATION_ERROR(-20707, 'GENERIC_OPERATION_LOG is not partitioned here; there is nothing to compress by partition.');
        END IF;
        FOR part IN (
            SELECT p.partition_name, p.compression, p.high_value
              FROM user_tab_partitions p
             WHERE p.table_name = 'GENERIC_OPERATION_LOG'
             ORDER BY p.partition_position
        ) LOOP
            -- An expression such as TIMESTAMP' 2026-04-01 00:00:00', which only the database itself can read
            v_before := NULL;
            IF part.high_value != 'MAXVALUE' THEN
                EXECUTE IMMEDIATE 'SELECT CAST(' || part.high_value || ' AS TIMESTAMP) FROM dual' INTO v_before;
            END IF;
            IF part.partition_name = UPPER(p_partition_name)
               OR (p_partition_name IS NULL AND part.compression = 'DISABLED' AND v_before <= v_month)
            THEN
                compress_partition(part.partition_name);
                v_done := v_done + 1;
            END IF;
        END LOOP;
        IF p_partition_name IS NOT NULL AND v_done = 0 THEN
            RAISE_APPLICATION_ERROR(-20708, 'p_partition_name: GENERIC_OPERATION_LOG has no partition of this name.');
        END IF;
        log_operation(
            p_strategy_name => 'MONITORING_MAINTENANCE', p_operation_type => 'COMPRESS', p_target_object => 'GENERIC_OPERATION_LOG',
            p_target_type => 'TABLE', p_message => TO_CHAR(v_done) || ' partitions were compressed.', p_objects_affected => v_done
        );
    END compress_log_partitions;

    -- As one cell: quoted, short enough for a line, and no formula
    FUNCTION cell(p_text IN VARCHAR2) RETURN VARCHAR2 IS
        v_text VARCHAR2(32767) := p_text;
    BEGIN
        IF LENGTH(v_text) > c_longest THEN
            v_text := SUBSTR(v_text, 1, c_longest - 3) || '...';
        END IF;
        IF SUBSTR(v_text, 1, 1) IN ('=', '+', '-', '@', CHR(9), CHR(13)) THEN
            v_text := '''' || v_text;
        END IF;
        RETURN '"' || REPLACE(REPLACE(v_text, '"', '""'), CHR(10), ' ') || '"';
    END cell;

    FUNCTION instant(p_at IN TIMESTAMP) RETURN VARCHAR2 IS
    BEGIN
        RETURN TO_CHAR(p_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
    END instant;

    FUNCTION figure(p_number IN NUMBER) RETURN VARCHAR2 IS
    BEGIN
        RETURN TO_CHAR(p_number, 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''');
    END figure;

    PROCEDURE export_logs_to_csv(
        p_directory     IN VARCHAR2,
        p_file_name     IN VARCHAR2,
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_file   UTL_FILE.FILE_TYPE;
        v_rows   NUMBER := 0;
    BEGIN
        v_file := UTL_FILE.FOPEN_NCHAR(p_directory, p_file_name, 'w', 32767);
        UTL_FILE.PUT_LINE_NCHAR(
            v_file, 'operation_id,operation_time,ended_at,strategy_name,operation_type,job_name,target_object,target_type,status,'
                || 'message,duration_ms,cpu_time_ms,memory_used_mb,io_operations,rows_processed,objects_affected,error_code,'
                || 'error_message,user_name,session_id,sql_text,strategy_context'
        );
        FOR found IN (
            SELECT l.operation_id, l.operation_time, l.ended_at, l.strategy_name, l.operation_type, l.job_name, l.target_object,
                   l.target_type, l.status, l.message, l.duration_ms, l.cpu_time_ms, l.memory_used_mb, l.io_operations,
                   l.rows_processed, l.objects_affected, l.error_code, l.error_message, l.user_name, l.session_id, l.sql_text,
                   l.strategy_context
              FROM generic_operation_log l
             WHERE l.operation_time >= v_from
               AND l.operation_time < v_before
               AND (p_strategy_name IS NULL OR l.strategy_name = p_strategy_name)
             ORDER BY l.operation_time, l.operation_id
        ) LOOP
            UTL_FILE.PUT_NCHAR(v_file, figure(found.operation_id) || ',' || instant(found.operation_time) || ',');
            UTL_FILE.PUT_NCHAR(v_file, instant(found.ended_at) || ',' || cell(found.strategy_name) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(found.operation_type) || ',' || cell(found.job_name) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(found.target_object) || ',' || cell(found.target_type) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(found.status) || ',' || cell(found.message) || ',');
            UTL_FILE.PUT_NCHAR(v_file, figure(found.duration_ms) || ',' || figure(found.cpu_time_ms) || ',');
            UTL_FILE.PUT_NCHAR(v_file, figure(found.memory_used_mb) || ',' || figure(found.io_operations) || ',');
            UTL_FILE.PUT_NCHAR(v_file, figure(found.rows_processed) || ',' || figure(found.objects_affected) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(found.error_code) || ',' || cell(found.error_message) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(found.user_name) || ',' || cell(found.session_id) || ',');
            UTL_FILE.PUT_NCHAR(v_file, cell(DBMS_LOB.SUBSTR(found.sql_text, c_longest, 1)) || ',');
            UTL_FILE.PUT_LINE_NCHAR(v_file, cell(DBMS_LOB.SUBSTR(found.strategy_context, c_longest, 1)));
            v_rows := v_rows + 1;
        END LOOP;
        UTL_FILE.FCLOSE(v_file);
        log_operation(
            p_strategy_name => 'MONITORING_MAINTENANCE', p_operation_type => 'REPORT', p_target_object => 'GENERIC_OPERATION_LOG',
            p_target_type => 'TABLE', p_message => TO_CHAR(v_rows) || ' rows were written to ' || p_file_name || '.',
            p_rows_processed => v_rows
        );
    EXCEPTION
        WHEN OTHERS THEN
            IF UTL_FILE.IS_OPEN(v_file) THEN
                UTL_FILE.FCLOSE(v_file);
            END IF;
            RAISE;
    END export_logs_to_csv;

    PROCEDURE write_line(p_report IN OUT NOCOPY CLOB, p_line IN VARCHAR2) IS
    BEGIN
        p_report := p_report || p_line || CHR(10);
    END write_line;

    FUNCTION generate_log_report(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN CLOB IS
        v_before TIMESTAMP := end_of(p_end_date);
        v_from   TIMESTAMP := start_of(p_start_date, v_before);
        v_report CLOB;
    BEGIN
        write_line(v_report, 'Maintenance from ' || instant(v_from) || ' to ' || instant(v_before)
            || CASE WHEN p_strategy_name IS NULL THEN '' ELSE ', ' || p_strategy_name END);
        write_line(v_report, '');
        write_line(v_report, 'Strategies: operations, successes, warnings, errors, cancelled, average ms, 95th percentile ms');
        FOR found IN (
            SELECT s.strategy_name, s.operation_count, s.success_count, s.warning_count, s.error_count, s.cancelled_count,
                   s.avg_duration_ms, s.p95_duration_ms
              FROM TABLE(generic_maintenance_logger_pkg.get_strategy_statistics(p_strategy_name, p_start_date, p_end_date)) s
        ) LOOP
            write_line(v_report, '  ' || found.strategy_name || ': ' || found.operation_count || ', ' || found.success_count || ', '
                || found.warning_count || ', ' || found.error_count || ', ' || found.cancelled_count || ', '
                || NVL(figure(found.avg_duration_ms), 'not measured') || ', '
                || NVL(figure(found.p95_duration_ms), 'not measured'));
        END LOOP;
        write_line(v_report, '');
        write_line(v_report, 'Jobs: executions, errors, missed, last');
        FOR found IN (
            SELECT j.job_name, j.execution_count, j.error_count, j.missed_count, j.last_execution, j.last_status
              FROM TABLE(generic_maintenance_logger_pkg.get_job_execution_summary(p_strategy_name, p_start_date, p_end_date)) j
        ) LOOP
            write_line(v_report, '  ' || found.job_name || ': ' || found.execution_count || ', ' || found.error_count || ', '
                || found.missed_count || ', ' || found.last_status || ' ' || instant(found.last_execution));
        END LOOP;
        write_line(v_report, '');
        write_line(v_report, 'Errors: how often, last seen, what was said');
        FOR found IN (
            SELECT e.strategy_name, e.operation_type, e.error_code, e.error_count, e.last_time, e.last_message
              FROM TABLE(generic_maintenance_logger_pkg.get_error_summary(p_strategy_name, p_start_date, p_end_date)) e
        ) LOOP
            write_line(v_report, '  ' || found.strategy_name || ' ' || found.operation_type || ' ' || NVL(found.error_code, 'no code')
                || ': ' || found.error_count || ', ' || instant(found.last_time) || ', ' || found.last_message);
        END LOOP;
        RETURN v_report;
    END generate_log_report;

    FUNCTION get_log_table_size_info RETURN size_tab PIPELINED IS
        v_row size_row;
    BEGIN
        SELECT COUNT(*), MIN(l.operation_time), MAX(l.operation_time) INTO v_row.row_count, v_row.oldest_time, v_row.newest_time
          FROM generic_operation_log l;
        SELECT NVL(SUM(s.bytes), 0) INTO v_row.size_bytes
          FROM user_segments s
         WHERE s.segment_name = 'GENERIC_OPERATION_LOG'
            OR s.segment_name IN (SELECT i.index_name FROM user_indexes i WHERE i.table_name = 'GENERIC_OPERATION_LOG')
            OR s.segment_name IN (SELECT b.segment_name FROM user_lobs b WHERE b.table_name = 'GENERIC_OPERATION_LOG');
        SELECT COUNT(*) INTO v_row.partition_count FROM user_tab_partitions p WHERE p.table_name = 'GENERIC_OPERATION_LOG';
        PIPE ROW (v_row);
        RETURN;
    END get_log_table_size_info;

    PROCEDURE monitor_log_table_size IS
    BEGIN
        FOR found IN (
            SELECT s.row_count, s.size_bytes FROM TABLE(generic_maintenance_logger_pkg.get_log_table_size_info) s
        ) LOOP
            log_operation(
                p_strategy_name => 'MONITORING_MAINTENANCE', p_operation_type => 'MONITOR',
                p_target_object => 'GENERIC_OPERATION_LOG', p_target_type => 'TABLE', p_status => 'INFO',
                p_message => TO_CHAR(found.row_count) || ' rows in ' || TO_CHAR(ROUND(found.size_bytes / 1048576)) || ' MB.',
                p_rows_processed => found.row_count
            );
        END LOOP;
    END monitor_log_table_size;

    FUNCTION check_log_table_health RETURN concern_tab PIPELINED IS
        v_now    TIMESTAMP := utc_now;
        v_number NUMBER;
        v_row    concern_row;
    BEGIN
        SELECT COUNT(*) INTO v_number
          FROM generic_operation_log l
         WHERE l.status IN ('STARTED', 'RUNNING', 'PENDING')
           AND l.operation_time < v_now - NUMTODSINTERVAL(1, 'DAY');
        IF v_number > 0 THEN
            v_row.severity := 'WARNING';
            v_row.concern := TO_CHAR(v_number) || ' operations began over a day ago and have no end.';
            v_row.advice := 'Look whether their sessions still work; a session that was killed writes no end.';
            PIPE ROW (v_row);
        END IF;
        SELECT COUNT(*) INTO v_number
          FROM generic_operation_log l
         WHERE l.status NOT IN ('STARTED', 'RUNNING', 'PENDING')
           AND l.operation_time < TRUNC(v_now) - NUMTODSINTERVAL(3, 'DAY') - NUMTODSINTERVAL(
                   COALESCE(
                       (SELECT p.retention_days FROM generic_log_policy p WHERE p.strategy_name = l.strategy_name),
                       (SELECT MAX(p.retention_days) FROM generic_log_policy p WHERE p.strategy_name IS NULL),
                       90
                   ), 'DAY');
        IF v_number > 0 THEN
            v_row.severity := 'WARNING';
            v_row.concern := TO_CHAR(v_number) || ' rows past their time are still there.';
            v_row.advice := 'Have cleanup_old_logs called every night.';
            PIPE ROW (v_row);
        END IF;
        SELECT COUNT(*) INTO v_number
          FROM user_indexes i
         WHERE i.table_name = 'GENERIC_OPERATION_LOG'
           AND i.status = 'UNUSABLE';
        IF v_number > 0 THEN
            v_row.severity := 'CRITICAL';
            v_row.concern := TO_CHAR(v_number) || ' indexes of the log are unusable.';
            v_row.advice := 'Rebuild them: without its primary key nothing can be written.';
            PIPE ROW (v_row);
        END IF;
        SELECT COUNT(*) INTO v_number FROM generic_log_policy p WHERE p.strategy_name IS NULL AND p.is_enabled = 'N';
        IF v_number > 0 THEN
            v_row.severity := 'INFO';
            v_row.concern := 'Strategies write nothing: logging is switched off.';
            v_row.advice := 'set_logging_enabled(TRUE) switches it on.';
            PIPE ROW (v_row);
        END IF;
        RETURN;
    END check_log_table_health;
END generic_maintenance_logger_pkg;
/
