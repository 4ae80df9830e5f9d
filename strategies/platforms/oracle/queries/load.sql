-- purpose: How many sessions of others are at work, in any instance: on the processor, or in a wait that is not idle.
-- needs: SELECT ON SYS.GV_$SESSION
-- licence: none
-- since: 19
SELECT COUNT(*) AS active
  FROM gv$session s
 WHERE s.type = 'USER'
   AND s.status = 'ACTIVE'
   AND (s.state <> 'WAITING' OR s.wait_class <> 'Idle')
   AND NOT (s.inst_id = TO_NUMBER(SYS_CONTEXT('USERENV', 'INSTANCE')) AND s.sid = TO_NUMBER(SYS_CONTEXT('USERENV', 'SID')))
   AND NVL(SUBSTR(s.client_info, 1, 16), '-') <> NVL(SUBSTR(SYS_CONTEXT('USERENV', 'CLIENT_INFO'), 1, 16), '+')
