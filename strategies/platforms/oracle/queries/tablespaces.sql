-- purpose: How full each permanent tablespace is, of what it can grow to and of what its files hold now.
-- needs: SELECT ON SYS.DBA_TABLESPACE_USAGE_METRICS, SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_DATA_FILES
-- licence: none
-- since: 19
SELECT t.tablespace_name, t.bigfile, t.block_size,
       m.used_space * t.block_size AS used_bytes,
       m.tablespace_size * t.block_size AS max_bytes,
       f.allocated_bytes, f.limit_bytes, f.files, f.growing_files
  FROM dba_tablespace_usage_metrics m
  JOIN dba_tablespaces t
    ON t.tablespace_name = m.tablespace_name
  LEFT JOIN (SELECT d.tablespace_name, SUM(d.bytes) AS allocated_bytes, SUM(GREATEST(d.bytes, d.maxbytes)) AS limit_bytes,
                    COUNT(*) AS files,
                    COUNT(CASE WHEN d.autoextensible = 'YES' THEN 1 END) AS growing_files
               FROM dba_data_files d
              GROUP BY d.tablespace_name) f
    ON f.tablespace_name = t.tablespace_name
 WHERE t.contents = 'PERMANENT'
   AND t.status = 'ONLINE'
 ORDER BY t.tablespace_name
