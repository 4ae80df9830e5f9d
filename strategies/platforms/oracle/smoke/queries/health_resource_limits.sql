-- purpose: What is used of the limits of each instance; without rows in a pluggable database.
-- needs: SELECT ON SYS.GV_$RESOURCE_LIMIT
-- licence: none
-- since: 19
SELECT r.inst_id, r.resource_name, r.current_utilization, r.max_utilization, TRIM(r.limit_value) AS limit_value
  FROM gv$resource_limit r
 WHERE r.resource_name IN ('sessions', 'processes', 'transactions', 'parallel_max_servers')
