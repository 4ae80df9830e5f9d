-- purpose: The columns of one table in their order, those that are invisible behind the others.
-- needs: SELECT ON SYS.DBA_TAB_COLS
-- licence: none
-- since: 19
SELECT c.column_name
  FROM dba_tab_cols c
 WHERE c.owner = :owner
   AND c.table_name = :table_name
   AND c.user_generated = 'YES'
 ORDER BY c.column_id NULLS LAST, c.internal_column_id
