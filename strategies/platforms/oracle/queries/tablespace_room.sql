-- purpose: Whether each tablespace takes writes, and how many bytes it can still take, what its files may grow by included.
-- needs: SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_TABLESPACE_USAGE_METRICS
-- licence: none
-- since: 19
SELECT t.tablespace_name, t.status, (m.tablespace_size - m.used_space) * t.block_size AS free_bytes
  FROM dba_tablespaces t
  LEFT JOIN dba_tablespace_usage_metrics m
    ON m.tablespace_name = t.tablespace_name
 WHERE t.contents = 'PERMANENT'
