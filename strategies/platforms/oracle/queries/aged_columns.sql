-- purpose: Columns of one table that hold values, and which of them the database alone fills.
-- needs: SELECT ON SYS.DBA_TAB_COLS, SELECT ON SYS.DBA_TAB_IDENTITY_COLS
-- licence: none
-- since: 19
SELECT c.column_name, c.virtual_column, i.generation_type
  FROM dba_tab_cols c
  LEFT JOIN dba_tab_identity_cols i
    ON i.owner = c.owner
   AND i.table_name = c.table_name
   AND i.column_name = c.column_name
 WHERE c.owner = :owner
   AND c.table_name = :table_name
   AND c.user_generated = 'YES'
 ORDER BY c.internal_column_id
