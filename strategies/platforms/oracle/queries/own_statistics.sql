-- purpose: What the asking session itself has cost so far: CPU, memory, reads and writes.
-- needs: SELECT ON SYS.V_$MYSTAT, SELECT ON SYS.V_$STATNAME
-- licence: none
-- since: 19
SELECT n.name, s.value
  FROM v$mystat s
  JOIN v$statname n ON n.statistic# = s.statistic#
 WHERE n.name IN ('CPU used by this session', 'session pga memory max',
                  'physical read total IO requests', 'physical write total IO requests')
