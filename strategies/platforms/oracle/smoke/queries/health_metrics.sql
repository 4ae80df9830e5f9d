-- purpose: The metrics of the last minute of the instance; without rows in a pluggable database.
-- needs: SELECT ON SYS.V_$SYSMETRIC
-- licence: none
-- since: 19
SELECT m.metric_name, m.metric_unit, m.value
  FROM v$sysmetric m
 WHERE m.group_id = 2
