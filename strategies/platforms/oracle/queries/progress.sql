-- purpose: How far a statement of the portal's own session is by the long operations that the database counted since it began, and which session it waits for.
-- needs: SELECT ON SYS.GV_$SESSION, SELECT ON SYS.GV_$SESSION_LONGOPS
-- licence: none
-- since: 19
SELECT s.state, s.event, s.blocking_session, s.blocking_instance, l.opname, l.sofar, l.totalwork
  FROM gv$session s
  LEFT JOIN gv$session_longops l
    ON l.inst_id = s.inst_id
   AND l.sid = s.sid
   AND l.serial# = s.serial#
   AND l.sofar < l.totalwork
   AND l.last_update_time >= SYSDATE - s.last_call_et / 86400
 WHERE s.inst_id = :instance
   AND s.sid = :sid
   AND s.serial# = :serial
 ORDER BY l.last_update_time DESC NULLS LAST
