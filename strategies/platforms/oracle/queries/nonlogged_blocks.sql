-- purpose: Blocks whose content is lost because it was written without redo and then recovered, and whether they belong to the container of the session.
-- needs: SELECT ON SYS.V_$NONLOGGED_BLOCK
-- licence: none
-- since: 19
SELECT n.file# AS file_id, n.block# AS first_block, n.blocks, 'NOLOGGING' AS corruption_type, n.con_id,
       CASE WHEN n.con_id IN (0, TO_NUMBER(SYS_CONTEXT('USERENV', 'CON_ID'))) THEN 'YES' ELSE 'NO' END AS is_here
  FROM v$nonlogged_block n
 ORDER BY n.file#, n.block#
