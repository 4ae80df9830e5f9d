-- purpose: The next 500 operations of the older framework, in the order of their numbers. The owner of the table grants SELECT on it.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT t.*
  FROM partition_operation_log t
 WHERE t.operation_id > :after
 ORDER BY t.operation_id
 FETCH FIRST 500 ROWS ONLY
