-- purpose: Where redo logs are archived to, and errors of that.
-- needs: SELECT ON SYS.V_$ARCHIVE_DEST
-- licence: none
-- since: 19
SELECT a.dest_id, a.dest_name, a.status, a.error
  FROM v$archive_dest a
 WHERE a.status <> 'INACTIVE'
