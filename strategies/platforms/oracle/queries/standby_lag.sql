-- purpose: How far this database, where it is a standby, is behind in receiving and in applying redo.
-- needs: SELECT ON SYS.V_$DATAGUARD_STATS
-- licence: none
-- since: 19
SELECT LOWER(s.name) AS name, s.value
  FROM v$dataguard_stats s
 WHERE LOWER(s.name) IN ('transport lag', 'apply lag')
 ORDER BY s.name
