-- purpose: The bytes that one index takes, by partition.
-- needs: SELECT ON SYS.DBA_SEGMENTS
-- licence: none
-- since: 19
SELECT s.partition_name AS part_name, s.tablespace_name, s.bytes
  FROM dba_segments s
 WHERE s.owner = :owner
   AND s.segment_name = :index_name
   AND s.segment_type LIKE 'INDEX%'
