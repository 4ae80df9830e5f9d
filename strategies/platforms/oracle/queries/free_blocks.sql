-- purpose: Which of a range of blocks of one file are free; asked for blocks that belong to no segment.
-- needs: SELECT ON SYS.DBA_FREE_SPACE
-- licence: none
-- since: 19
SELECT f.block_id AS first_block, f.blocks
  FROM dba_free_space f
 WHERE f.file_id = :file_id
   AND f.block_id <= :last_block
   AND f.block_id + f.blocks - 1 >= :first_block
