-- purpose: The next 500 operations of the older framework, in the order of their numbers.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
SELECT t.*
  FROM "main".partition_operation_log t
 WHERE t.operation_id > :after
 ORDER BY t.operation_id
 LIMIT 500
