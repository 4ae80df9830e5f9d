CREATE OR REPLACE PACKAGE generic_log_store_pkg AUTHID DEFINER AS
    -- maintenance-portal: what differs between the log of the portal's own database and that of another one.
    -- The two bodies of this package are alike to the logger, which is the only one that calls it.

    TYPE execution_row IS RECORD (
        job_name      VARCHAR2(128 CHAR),
        strategy_name VARCHAR2(50 CHAR),
        status        VARCHAR2(20 CHAR),
        duration_ms   NUMBER,
        ended_at      TIMESTAMP
    );
    TYPE execution_tab IS TABLE OF execution_row;

    -- How often jobs came to an end between two instants (UTC), the first included.
    FUNCTION job_executions(p_from IN TIMESTAMP, p_before IN TIMESTAMP) RETURN execution_tab PIPELINED;

    -- Delete rows that are past their time, batch by batch, each committed; how many. Rows that somebody may be at stay.
    -- Without p_retention_days the rule of each strategy holds. Without p_strategy_name all strategies are meant.
    FUNCTION remove_expired(p_retention_days IN NUMBER, p_strategy_name IN VARCHAR2) RETURN NUMBER;

    -- Copy rows that have ended into a table of the same columns, and delete them here, in one transaction; how many.
    FUNCTION move_rows(
        p_archive_table IN VARCHAR2, p_from IN TIMESTAMP, p_before IN TIMESTAMP, p_strategy_name IN VARCHAR2
    ) RETURN NUMBER;

    -- Whether strategies wrote this operation themselves; those of the portal's runs are theirs to end.
    FUNCTION is_of_strategies(p_operation_id IN NUMBER) RETURN BOOLEAN;

    -- Leave a record of a change, in the transaction of the caller. p_after is JSON, or NULL.
    PROCEDURE tell(p_object_type IN VARCHAR2, p_name IN VARCHAR2, p_action IN VARCHAR2, p_after IN VARCHAR2);
END generic_log_store_pkg;
/
