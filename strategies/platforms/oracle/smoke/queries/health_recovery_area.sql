-- purpose: How full the fast recovery area is.
-- needs: SELECT ON SYS.V_$RECOVERY_FILE_DEST
-- licence: none
-- since: 19
SELECT r.name, r.space_limit, r.space_used, r.space_reclaimable, r.number_of_files
  FROM v$recovery_file_dest r
