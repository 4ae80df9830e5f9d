-- purpose: The next 500 operations of the older framework, in the order of their numbers.
-- needs: SELECT ON partition_operation_log
-- licence: none
-- since: 14
SELECT t.*
  FROM partition_operation_log t
 WHERE t.operation_id > %(after)s::bigint
 ORDER BY t.operation_id
 LIMIT 500
