-- purpose: Every column of every table, generated ones included.
-- needs: read access to the file
-- licence: none
-- since: 3.26
SELECT t.name AS table_name, c.name AS column_name
  FROM sqlite_master AS t, pragma_table_xinfo(t.name, 'main') AS c
 WHERE t.type = 'table'
   AND t.rootpage > 0
   AND c.hidden <> 1;
