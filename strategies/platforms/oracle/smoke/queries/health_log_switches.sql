-- purpose: Switches of redo logs by hour in the last day.
-- needs: SELECT ON SYS.V_$LOG_HISTORY
-- licence: none
-- since: 19
SELECT h.thread#, TRUNC(h.first_time, 'HH24') AS hour, COUNT(*) AS switches
  FROM v$log_history h
 WHERE h.first_time > SYSDATE - 1
 GROUP BY h.thread#, TRUNC(h.first_time, 'HH24')
