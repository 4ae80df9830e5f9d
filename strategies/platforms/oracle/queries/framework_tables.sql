-- purpose: In which schemas the account sees the three tables of the older framework for partitions, and with which columns.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT c.owner AS schema_name,
       LOWER(c.table_name) AS table_name,
       LOWER(c.column_name) AS column_name
  FROM all_tab_columns c
 WHERE c.table_name IN ('PARTITION_STRATEGY_CONFIG', 'PARTITION_MAINTENANCE_JOBS', 'PARTITION_OPERATION_LOG')
 ORDER BY c.owner, c.table_name, c.column_id
