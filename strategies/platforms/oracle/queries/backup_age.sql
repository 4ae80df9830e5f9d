-- purpose: How old the newest backup of each data file is that takes changes: the oldest of them, and files without any in the control file.
-- needs: SELECT ON SYS.V_$DATAFILE, SELECT ON SYS.V_$BACKUP_DATAFILE
-- licence: none
-- since: 19
SELECT COUNT(*) AS files,
       COUNT(CASE WHEN b.newest IS NULL THEN 1 END) AS without_backup,
       FLOOR((SYSDATE - MIN(b.newest)) * 24) AS hours
  FROM v$datafile f
  LEFT JOIN (SELECT d.file#, d.creation_change#, MAX(d.completion_time) AS newest
               FROM v$backup_datafile d
              GROUP BY d.file#, d.creation_change#) b
    ON b.file# = f.file#
   AND b.creation_change# = f.creation_change#
 WHERE f.enabled = 'READ WRITE'
