-- purpose: The metrics of the last minute of the container.
-- needs: SELECT ON SYS.V_$CON_SYSMETRIC
-- licence: none
-- since: 19
SELECT m.metric_name, m.metric_unit, m.value
  FROM v$con_sysmetric m
 WHERE m.group_id = 18
