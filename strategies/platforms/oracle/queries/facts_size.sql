-- purpose: The size of the data files, in bytes.
-- needs: SELECT ON SYS.DBA_DATA_FILES
-- licence: none
-- since: 19
SELECT SUM(f.bytes) AS size_bytes
  FROM dba_data_files f
