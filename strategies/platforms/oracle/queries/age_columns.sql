-- purpose: The type of a column in each table that has it and that the account may look into.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT c.owner, c.table_name, c.data_type
  FROM all_tab_columns c
 WHERE c.column_name = :column_name
   AND (:owner IS NULL OR (c.owner = :owner AND c.table_name = :table_name))
