-- purpose: How many rows the three tables of the older framework have.
-- needs: SELECT ON partition_strategy_config, SELECT ON partition_maintenance_jobs, SELECT ON partition_operation_log
-- licence: none
-- since: 14
SELECT (SELECT count(*) FROM partition_strategy_config) AS partition_strategy_config,
       (SELECT count(*) FROM partition_maintenance_jobs) AS partition_maintenance_jobs,
       (SELECT count(*) FROM partition_operation_log) AS partition_operation_log
