-- purpose: How many of the fixed X$ tables have statistics, and when these were last gathered.
-- needs: SELECT ON SYS.DBA_TAB_STATISTICS
-- licence: none
-- since: 19
SELECT COUNT(*) AS tables, COUNT(s.last_analyzed) AS analysed,
       TO_CHAR(MAX(s.last_analyzed), 'YYYY-MM-DD HH24:MI:SS') AS last_analyzed,
       FLOOR(SYSDATE - MAX(s.last_analyzed)) AS age_days
  FROM dba_tab_statistics s
 WHERE s.object_type = 'FIXED TABLE'
