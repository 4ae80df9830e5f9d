-- purpose: What strategies in this database have logged or changed since a moment, in portions.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT l.operation_id, l.strategy_name, l.operation_type, l.job_name, l.target_object, l.target_type, l.status, l.message,
       l.duration_ms, l.operation_time, l.user_name, l.session_id, l.sql_text, l.error_code, l.error_message,
       l.strategy_context, l.cpu_time_ms, l.memory_used_mb, l.io_operations, l.rows_processed, l.objects_affected, l.ended_at,
       l.changed_at
  FROM generic_operation_log l
 WHERE l.changed_at > :since
    OR (l.changed_at = :since AND l.operation_id > :after)
 ORDER BY l.changed_at, l.operation_id
 FETCH FIRST 500 ROWS ONLY
