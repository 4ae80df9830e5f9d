-- purpose: The same of the container.
-- needs: SELECT ON SYS.V_$CON_SYSTEM_WAIT_CLASS
-- licence: none
-- since: 19
SELECT w.wait_class, w.total_waits, w.time_waited
  FROM v$con_system_wait_class w
 WHERE w.wait_class <> 'Idle'
