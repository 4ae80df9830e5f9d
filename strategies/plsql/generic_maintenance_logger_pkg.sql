CREATE OR REPLACE PACKAGE generic_maintenance_logger_pkg AUTHID DEFINER AS
    -- maintenance-portal: the log that strategies in this database write, and what it says.
    --
    -- What writes into the log never breaks its caller: it commits by itself, survives the caller's rollback, and raises nothing;
    -- last_error says what went wrong. What changes rules, the registry or the rows that are there raises ORA-20701 to ORA-20709
    -- with the reason. Instants are stored in UTC. Dates that are passed in are read as SYSDATE tells the time, by the zone that the
    -- server has today.

    ------------------------------------------------------------------------------------------------------------ The registry

    TYPE strategy_row IS RECORD (
        strategy_name VARCHAR2(50 CHAR),
        strategy_type VARCHAR2(20 CHAR),
        description   VARCHAR2(200 CHAR),
        category      VARCHAR2(30 CHAR),
        is_active     VARCHAR2(1 CHAR)
    );
    TYPE strategy_tab IS TABLE OF strategy_row;

    -- Make a strategy known, or change what is said of it. It is active afterwards.
    PROCEDURE register_strategy(
        p_strategy_name IN VARCHAR2,
        p_strategy_type IN VARCHAR2 DEFAULT 'MAINTENANCE',
        p_description   IN VARCHAR2 DEFAULT NULL,
        p_category      IN VARCHAR2 DEFAULT 'DATABASE'
    );

    -- It stays in the registry, since the log and jobs name it, and is inactive.
    PROCEDURE unregister_strategy(p_strategy_name IN VARCHAR2);

    FUNCTION get_registered_strategies(
        p_strategy_type IN VARCHAR2 DEFAULT NULL,
        p_category      IN VARCHAR2 DEFAULT NULL
    ) RETURN strategy_tab PIPELINED;

    ------------------------------------------------------------------------------------------------------------ Writing

    -- A strategy begins its work on an object; the number of the operation, NULL where nothing was written.
    FUNCTION log_strategy_start(
        p_strategy_name    IN VARCHAR2,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL
    ) RETURN NUMBER;

    -- p_performance_metrics is JSON with any of duration_ms, cpu_time_ms, memory_used_mb, io_operations, rows_processed,
    -- objects_affected.
    PROCEDURE log_strategy_end(
        p_operation_id        IN NUMBER,
        p_status              IN VARCHAR2 DEFAULT 'SUCCESS',
        p_message             IN VARCHAR2 DEFAULT NULL,
        p_performance_metrics IN CLOB DEFAULT NULL
    );

    FUNCTION log_start_operation(
        p_strategy_name    IN VARCHAR2,
        p_operation_type   IN VARCHAR2,
        p_target_object    IN VARCHAR2 DEFAULT NULL,
        p_target_type      IN VARCHAR2 DEFAULT NULL,
        p_sql_text         IN CLOB DEFAULT NULL,
        p_strategy_context IN CLOB DEFAULT NULL,
        p_job_name         IN VARCHAR2 DEFAULT NULL
    ) RETURN NUMBER;

    -- The first end of an operation counts. Without a duration it is the time since its beginning; without a CPU time that of
    -- this session since then, where it began here. An error without a code gets that of its message.
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
    );

    -- Begin and end at once.
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
    );

    -- A job has come to its end.
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
    );

    -- What an operation has cost; what is NULL here stays as it was.
    PROCEDURE log_performance_metrics(
        p_operation_id     IN NUMBER,
        p_cpu_time_ms      IN NUMBER DEFAULT NULL,
        p_memory_used_mb   IN NUMBER DEFAULT NULL,
        p_io_operations    IN NUMBER DEFAULT NULL,
        p_rows_processed   IN NUMBER DEFAULT NULL,
        p_objects_affected IN NUMBER DEFAULT NULL
    );

    -- Why something was not written, the latest in this session; NULL = all was.
    FUNCTION last_error RETURN VARCHAR2;

    ------------------------------------------------------------------------------------------------------------ Rules

    PROCEDURE set_logging_enabled(p_enabled IN BOOLEAN);
    FUNCTION is_logging_enabled RETURN BOOLEAN;

    PROCEDURE set_strategy_logging(p_strategy_name IN VARCHAR2, p_enabled IN BOOLEAN);
    FUNCTION is_strategy_logging_enabled(p_strategy_name IN VARCHAR2) RETURN BOOLEAN;

    -- For how many days (1 to 3650) rows are kept: of one strategy, or of all that have no rule of their own.
    PROCEDURE set_log_retention_days(p_retention_days IN NUMBER, p_strategy_name IN VARCHAR2 DEFAULT NULL);
    FUNCTION get_log_retention_days(p_strategy_name IN VARCHAR2 DEFAULT NULL) RETURN NUMBER;

    ------------------------------------------------------------------------------------------------------------ Reports
    -- Without an end a report goes up to now, without a beginning 30 days back from its end; the beginning is included.
    -- Counted are operations that ended: SUCCESS, WARNING, ERROR and TIMEOUT (both are errors), CANCELLED. A success rate is the
    -- share of successes and warnings among those that were not cancelled. Percentiles are by nearest rank.

    TYPE operation_row IS RECORD (
        operation_id     NUMBER,
        strategy_name    VARCHAR2(50 CHAR),
        operation_type   VARCHAR2(50 CHAR),
        job_name         VARCHAR2(128 CHAR),
        target_object    VARCHAR2(500 CHAR),
        target_type      VARCHAR2(30 CHAR),
        status           VARCHAR2(20 CHAR),
        message          VARCHAR2(2000 CHAR),
        duration_ms      NUMBER,
        operation_time   TIMESTAMP,
        user_name        VARCHAR2(150 CHAR),
        session_id       VARCHAR2(100 CHAR),
        sql_text         CLOB,
        error_code       VARCHAR2(50 CHAR),
        error_message    VARCHAR2(2000 CHAR),
        strategy_context CLOB,
        cpu_time_ms      NUMBER,
        memory_used_mb   NUMBER,
        io_operations    NUMBER,
        rows_processed   NUMBER,
        objects_affected NUMBER
    );
    TYPE operation_tab IS TABLE OF operation_row;

    TYPE performance_row IS RECORD (
        strategy_name        VARCHAR2(50 CHAR),
        operation_type       VARCHAR2(50 CHAR),
        operation_count      NUMBER,
        success_count        NUMBER,
        warning_count        NUMBER,
        error_count          NUMBER,
        cancelled_count      NUMBER,
        success_rate         NUMBER,
        avg_duration_ms      NUMBER,
        p50_duration_ms      NUMBER,
        p95_duration_ms      NUMBER,
        total_cpu_time_ms    NUMBER,
        avg_memory_used_mb   NUMBER,
        total_io_operations  NUMBER,
        total_rows_processed NUMBER
    );
    TYPE performance_tab IS TABLE OF performance_row;

    TYPE error_row IS RECORD (
        strategy_name  VARCHAR2(50 CHAR),
        operation_type VARCHAR2(50 CHAR),
        error_code     VARCHAR2(50 CHAR),
        error_count    NUMBER,
        first_time     TIMESTAMP,
        last_time      TIMESTAMP,
        last_object    VARCHAR2(500 CHAR),
        last_message   VARCHAR2(2000 CHAR)
    );
    TYPE error_tab IS TABLE OF error_row;

    TYPE job_row IS RECORD (
        job_name        VARCHAR2(128 CHAR),
        strategy_name   VARCHAR2(50 CHAR),
        execution_count NUMBER,
        success_count   NUMBER,
        warning_count   NUMBER,
        error_count     NUMBER,
        cancelled_count NUMBER,
        missed_count    NUMBER,
        avg_duration_ms NUMBER,
        p95_duration_ms NUMBER,
        last_execution  TIMESTAMP,
        last_status     VARCHAR2(20 CHAR)
    );
    TYPE job_tab IS TABLE OF job_row;

    TYPE trend_row IS RECORD (
        day             DATE,
        operation_count NUMBER,
        success_count   NUMBER,
        warning_count   NUMBER,
        error_count     NUMBER,
        cancelled_count NUMBER,
        avg_duration_ms NUMBER,
        p50_duration_ms NUMBER,
        p95_duration_ms NUMBER
    );
    TYPE trend_tab IS TABLE OF trend_row;

    FUNCTION get_operation_log(
        p_strategy_name  IN VARCHAR2 DEFAULT NULL,
        p_operation_type IN VARCHAR2 DEFAULT NULL,
        p_target_object  IN VARCHAR2 DEFAULT NULL,
        p_status         IN VARCHAR2 DEFAULT NULL,
        p_start_date     IN DATE DEFAULT NULL,
        p_end_date       IN DATE DEFAULT NULL
    ) RETURN operation_tab PIPELINED;

    FUNCTION get_performance_summary(
        p_strategy_name  IN VARCHAR2 DEFAULT NULL,
        p_operation_type IN VARCHAR2 DEFAULT NULL,
        p_start_date     IN DATE DEFAULT NULL,
        p_end_date       IN DATE DEFAULT NULL
    ) RETURN performance_tab PIPELINED;

    FUNCTION get_error_summary(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN error_tab PIPELINED;

    FUNCTION get_strategy_statistics(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN performance_tab PIPELINED;

    FUNCTION get_job_execution_summary(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN job_tab PIPELINED;

    -- Day by day (UTC), the last p_days_back days up to today; a day without work has a count of 0.
    FUNCTION get_performance_trends(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_days_back     IN NUMBER DEFAULT 30
    ) RETURN trend_tab PIPELINED;

    ------------------------------------------------------------------------------------------------------------ Care for the log

    TYPE size_row IS RECORD (
        row_count       NUMBER,
        size_bytes      NUMBER,
        oldest_time     TIMESTAMP,
        newest_time     TIMESTAMP,
        partition_count NUMBER
    );
    TYPE size_tab IS TABLE OF size_row;

    TYPE concern_row IS RECORD (
        severity VARCHAR2(10 CHAR),
        concern  VARCHAR2(500 CHAR),
        advice   VARCHAR2(500 CHAR)
    );
    TYPE concern_tab IS TABLE OF concern_row;

    -- Delete rows that are past their time; those that are at work stay. In the portal's own database also those of its runs do,
    -- and those of days that it has not counted for good: the portal deletes them itself.
    PROCEDURE cleanup_old_logs(p_retention_days IN NUMBER DEFAULT NULL, p_strategy_name IN VARCHAR2 DEFAULT NULL);

    -- Move rows that have ended into a table of this schema, which is made where it is not there yet.
    PROCEDURE archive_logs(
        p_archive_table IN VARCHAR2,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL,
        p_strategy_name IN VARCHAR2 DEFAULT NULL
    );

    -- Compress one partition of the log, or all of months (UTC) that are over. Only where the log is partitioned.
    PROCEDURE compress_log_partitions(p_partition_name IN VARCHAR2 DEFAULT NULL);

    -- Write a file in UTF-8 into a directory object of the database, oldest rows first. A cell that a spreadsheet would take for a
    -- formula begins with an apostrophe.
    PROCEDURE export_logs_to_csv(
        p_directory     IN VARCHAR2,
        p_file_name     IN VARCHAR2,
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    );

    -- What the log says of a time, as text to read.
    FUNCTION generate_log_report(
        p_strategy_name IN VARCHAR2 DEFAULT NULL,
        p_start_date    IN DATE DEFAULT NULL,
        p_end_date      IN DATE DEFAULT NULL
    ) RETURN CLOB;

    -- Write the size of the log into the log.
    PROCEDURE monitor_log_table_size;

    FUNCTION get_log_table_size_info RETURN size_tab PIPELINED;

    -- What is wrong with the log; nothing where all is well.
    FUNCTION check_log_table_health RETURN concern_tab PIPELINED;
END generic_maintenance_logger_pkg;
/
