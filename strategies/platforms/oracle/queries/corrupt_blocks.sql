-- purpose: Blocks that the last backup or validation with RMAN found damaged, and whether they belong to the container of the session.
-- needs: SELECT ON SYS.V_$DATABASE_BLOCK_CORRUPTION
-- licence: none
-- since: 19
SELECT c.file# AS file_id, c.block# AS first_block, c.blocks, c.corruption_type, c.con_id,
       CASE WHEN c.con_id IN (0, TO_NUMBER(SYS_CONTEXT('USERENV', 'CON_ID'))) THEN 'YES' ELSE 'NO' END AS is_here
  FROM v$database_block_corruption c
 ORDER BY c.file#, c.block#
