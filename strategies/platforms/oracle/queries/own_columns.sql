-- purpose: The columns of our own tables, as they are there.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT c.table_name, c.column_name
  FROM user_tab_columns c
 WHERE c.table_name LIKE 'GENERIC\_%' ESCAPE '\'
 ORDER BY c.table_name, c.column_id
