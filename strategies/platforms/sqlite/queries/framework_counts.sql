-- purpose: How many rows the three tables of the older framework have.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
SELECT (SELECT count(*) FROM "main".partition_strategy_config) AS partition_strategy_config,
       (SELECT count(*) FROM "main".partition_maintenance_jobs) AS partition_maintenance_jobs,
       (SELECT count(*) FROM "main".partition_operation_log) AS partition_operation_log
