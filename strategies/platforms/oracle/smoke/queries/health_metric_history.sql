-- purpose: The metrics of the last hour of the instance.
-- needs: SELECT ON SYS.V_$SYSMETRIC_HISTORY
-- licence: none
-- since: 19
SELECT h.metric_name, COUNT(*) AS samples
  FROM v$sysmetric_history h
 GROUP BY h.metric_name
