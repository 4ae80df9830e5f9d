-- purpose: How many rows the three tables of the older framework have. The owner of the tables grants SELECT on them.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT (SELECT COUNT(*) FROM partition_strategy_config) AS partition_strategy_config,
       (SELECT COUNT(*) FROM partition_maintenance_jobs) AS partition_maintenance_jobs,
       (SELECT COUNT(*) FROM partition_operation_log) AS partition_operation_log
  FROM dual
