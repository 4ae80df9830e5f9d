-- purpose: In which schemas the account sees the three tables of the older framework for partitions, and with which columns.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, a.attname::text AS column_name
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname IN ('partition_strategy_config', 'partition_maintenance_jobs', 'partition_operation_log')
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname !~ '^pg_'
   AND has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname, c.relname, a.attnum
