-- purpose: How full each temporary tablespace is at this moment, of what it can grow to and of what its files hold now.
-- needs: SELECT ON SYS.DBA_TEMP_FREE_SPACE, SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_TEMP_FILES
-- licence: none
-- since: 19
SELECT t.tablespace_name, t.bigfile, t.block_size,
       s.allocated_bytes - s.free_bytes AS used_bytes,
       f.max_bytes, s.allocated_bytes, f.max_bytes AS limit_bytes, f.files, f.growing_files
  FROM (SELECT d.tablespace_name, SUM(d.tablespace_size) AS allocated_bytes, SUM(d.free_space) AS free_bytes
          FROM dba_temp_free_space d
         GROUP BY d.tablespace_name) s
  JOIN dba_tablespaces t
    ON t.tablespace_name = s.tablespace_name
  JOIN (SELECT d.tablespace_name, SUM(GREATEST(d.bytes, d.maxbytes)) AS max_bytes, COUNT(*) AS files,
               COUNT(CASE WHEN d.autoextensible = 'YES' THEN 1 END) AS growing_files
          FROM dba_temp_files d
         GROUP BY d.tablespace_name) f
    ON f.tablespace_name = s.tablespace_name
 ORDER BY t.tablespace_name
