-- purpose: Other sessions that hold or wait for a lock on a table, its index or the journal of an online build, on any instance.
-- needs: SELECT ON SYS.GV_$LOCK, SELECT ON SYS.GV_$SESSION, SELECT ON SYS.GV_$TRANSACTION
-- licence: none
-- since: 19
SELECT s.inst_id, s.sid, s.username, s.program, l.type AS lock_type, l.id1 AS object_id, l.lmode,
       ROUND((SYSDATE - x.start_date) * 1440) AS transaction_minutes
  FROM gv$lock l
  JOIN gv$session s
    ON s.inst_id = l.inst_id
   AND s.sid = l.sid
  LEFT JOIN gv$transaction x
    ON x.inst_id = s.inst_id
   AND x.ses_addr = s.saddr
 WHERE l.type IN ('TM', 'OD', 'DL')
   AND l.id1 IN (:table_object_id, :object_id, :journal_object_id)
   AND NOT (s.inst_id = TO_NUMBER(SYS_CONTEXT('USERENV', 'INSTANCE'))
            AND s.sid = TO_NUMBER(SYS_CONTEXT('USERENV', 'SID')))
