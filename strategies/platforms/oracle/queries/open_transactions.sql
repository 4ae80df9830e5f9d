-- purpose: Transactions that are open, in any instance, the oldest first, with the session of each.
-- needs: SELECT ON SYS.GV_$TRANSACTION, SELECT ON SYS.GV_$SESSION
-- licence: none
-- since: 19
SELECT FLOOR((SYSDATE - t.start_date) * 24 * 60) AS minutes,
       s.sid || ',' || s.serial# || ',@' || s.inst_id AS session_name,
       s.username AS account
  FROM gv$transaction t
  JOIN gv$session s
    ON s.inst_id = t.inst_id
   AND s.taddr = t.addr
 ORDER BY t.start_date
