-- purpose: How many sessions wait for a lock that another holds, in any instance.
-- needs: SELECT ON SYS.GV_$SESSION
-- licence: none
-- since: 19
SELECT COUNT(*) AS waiting
  FROM gv$session s
 WHERE s.type = 'USER'
   AND s.state = 'WAITING'
   AND s.blocking_session_status = 'VALID'
   AND (s.event LIKE 'enq: %' OR s.event LIKE 'library cache %')
