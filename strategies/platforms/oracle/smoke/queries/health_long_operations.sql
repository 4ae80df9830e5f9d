-- purpose: Long operations that have not ended.
-- needs: SELECT ON SYS.GV_$SESSION_LONGOPS
-- licence: none
-- since: 19
SELECT l.inst_id, l.sid, l.serial#, l.opname, l.target, l.sofar, l.totalwork, l.units, l.time_remaining, l.elapsed_seconds
  FROM gv$session_longops l
 WHERE l.totalwork > 0
   AND l.sofar < l.totalwork
