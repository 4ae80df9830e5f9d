-- purpose: Which of the three tables of the older framework for partitions the file has, and with which columns.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT 'main' AS schema_name, lower(m.name) AS table_name, lower(c.name) AS column_name
  FROM "main".sqlite_master m
  JOIN pragma_table_info(m.name, 'main') c
 WHERE m.type IN ('table', 'view')
   AND lower(m.name) IN ('partition_strategy_config', 'partition_maintenance_jobs', 'partition_operation_log')
 ORDER BY m.name, c.cid
