-- purpose: Time waited by class since the instance started.
-- needs: SELECT ON SYS.GV_$SYSTEM_WAIT_CLASS
-- licence: none
-- since: 19
SELECT w.inst_id, w.wait_class, w.total_waits, w.time_waited
  FROM gv$system_wait_class w
 WHERE w.wait_class <> 'Idle'
