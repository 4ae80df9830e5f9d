-- purpose: Time waited by class in the last minute.
-- needs: SELECT ON SYS.GV_$WAITCLASSMETRIC, SELECT ON SYS.V_$EVENT_NAME
-- licence: none
-- since: 19
SELECT m.inst_id, n.wait_class, m.average_waiter_count, m.dbtime_in_wait
  FROM gv$waitclassmetric m
  JOIN (SELECT DISTINCT e.wait_class#, e.wait_class_id, e.wait_class FROM v$event_name e) n
    ON n.wait_class_id = m.wait_class_id
