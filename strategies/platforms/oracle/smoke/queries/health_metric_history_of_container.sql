-- purpose: The metrics of the last hour of the container.
-- needs: SELECT ON SYS.V_$CON_SYSMETRIC_HISTORY
-- licence: none
-- since: 19
SELECT h.metric_name, COUNT(*) AS samples
  FROM v$con_sysmetric_history h
 GROUP BY h.metric_name
