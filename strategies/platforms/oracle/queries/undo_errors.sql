-- purpose: How often within the last hour undo had no room for a change, and how often a query lost the undo that it needed.
-- needs: SELECT ON SYS.GV_$UNDOSTAT
-- licence: none
-- since: 19
SELECT NVL(SUM(u.nospaceerrcnt), 0) AS without_room,
       NVL(SUM(u.ssolderrcnt), 0) AS too_old
  FROM gv$undostat u
 WHERE (SYSDATE - u.end_time) * 24 < 1
