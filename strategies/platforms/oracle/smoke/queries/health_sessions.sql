-- purpose: Sessions and processes, and how many there may be.
-- needs: SELECT ON SYS.V_$SESSION, SELECT ON SYS.V_$PROCESS, SELECT ON SYS.V_$PARAMETER
-- licence: none
-- since: 19
SELECT (SELECT COUNT(*) FROM v$session) AS sessions,
       (SELECT TO_NUMBER(p.value) FROM v$parameter p WHERE p.name = 'sessions') AS most_sessions,
       (SELECT COUNT(*) FROM v$process) AS processes,
       (SELECT TO_NUMBER(p.value) FROM v$parameter p WHERE p.name = 'processes') AS most_processes
  FROM dual
