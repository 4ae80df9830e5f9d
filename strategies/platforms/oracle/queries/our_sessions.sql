-- purpose: Live sessions of this portal with one tag in this container, besides the one that asks. Servers that work in parallel for one are left out.
-- needs: SELECT ON SYS.GV_$SESSION
-- licence: none
-- since: 19
SELECT s.inst_id, s.sid, s.serial#, s.status, s.sql_id, s.event, s.state,
       CASE WHEN s.status = 'ACTIVE' THEN s.last_call_et END AS working_seconds
  FROM gv$session s
 WHERE s.type = 'USER'
   AND (s.client_info = :tag OR (s.module = :module AND s.action = :action))
   AND s.con_id = TO_NUMBER(SYS_CONTEXT('USERENV', 'CON_ID'))
   AND s.ownerid = 2147483644
   AND NOT (s.inst_id = TO_NUMBER(SYS_CONTEXT('USERENV', 'INSTANCE')) AND s.sid = TO_NUMBER(SYS_CONTEXT('USERENV', 'SID')))
 ORDER BY s.inst_id, s.sid
