-- purpose: Tables that ANALYZE can compare with their indexes while others write, with their sizes; or one of them.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_SEGMENTS
-- licence: none
-- since: 19
SELECT t.owner, t.table_name, s.bytes AS size_bytes
  FROM dba_tables t
  JOIN dba_users u
    ON u.username = t.owner
   AND u.oracle_maintained = 'N'
  JOIN dba_segments s
    ON s.owner = t.owner
   AND s.segment_name = t.table_name
   AND s.segment_type = 'TABLE'
 WHERE t.partitioned = 'NO'
   AND t.temporary = 'N'
   AND t.nested = 'NO'
   AND NVL(t.external, 'NO') = 'NO'
   AND NVL(t.dropped, 'NO') = 'NO'
   AND t.iot_type IS NULL
   AND t.cluster_name IS NULL
   AND (:owner IS NULL OR (t.owner = :owner AND t.table_name = :table_name))
 ORDER BY s.bytes DESC, t.owner, t.table_name
