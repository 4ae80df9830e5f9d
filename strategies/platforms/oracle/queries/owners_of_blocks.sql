-- purpose: The segments that a range of blocks of one file belongs to.
-- needs: SELECT ON SYS.DBA_EXTENTS
-- licence: none
-- since: 19
SELECT DISTINCT e.owner, e.segment_name, e.partition_name, e.segment_type
  FROM dba_extents e
 WHERE e.file_id = :file_id
   AND e.block_id <= :last_block
   AND e.block_id + e.blocks - 1 >= :first_block
