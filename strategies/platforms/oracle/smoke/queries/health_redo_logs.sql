-- purpose: The groups of online redo logs; only in the root or in a database of its own.
-- needs: SELECT ON SYS.V_$LOG
-- licence: none
-- since: 19
SELECT l.thread#, l.group#, l.status, l.archived, l.bytes
  FROM v$log l
