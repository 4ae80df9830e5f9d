-- purpose: Standby databases that get this one's redo, and whether any of it has not reached them.
-- needs: SELECT ON SYS.V_$ARCHIVE_DEST, SELECT ON SYS.V_$ARCHIVE_DEST_STATUS
-- licence: none
-- since: 19
SELECT d.db_unique_name, d.dest_name, d.status, d.gap_status, d.error
  FROM v$archive_dest_status d
  JOIN v$archive_dest a
    ON a.dest_id = d.dest_id
 WHERE a.target = 'STANDBY'
   AND d.status NOT IN ('INACTIVE', 'DEFERRED', 'ALTERNATE')
 ORDER BY d.dest_id
