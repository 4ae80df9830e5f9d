-- purpose: Sessions that wait for another.
-- needs: SELECT ON SYS.GV_$SESSION
-- licence: none
-- since: 19
SELECT s.inst_id, s.sid, s.serial#, s.username, s.module, s.sql_id, s.event, s.wait_class, s.seconds_in_wait,
       s.blocking_session_status, s.blocking_instance, s.blocking_session, s.final_blocking_instance, s.final_blocking_session
  FROM gv$session s
 WHERE s.blocking_session IS NOT NULL
