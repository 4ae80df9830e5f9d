-- purpose: All indexes that are trees of their own, also those that SQLite made for UNIQUE and PRIMARY KEY; or those of one table.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT i.name, i.tbl_name AS table_name, l."unique" AS is_unique, l.partial AS is_partial
  FROM sqlite_master AS i, pragma_index_list(i.tbl_name) AS l
 WHERE i.type = 'index'
   AND i.rootpage > 0
   AND l.name = i.name
   AND (:table IS NULL OR i.tbl_name = :table)
 ORDER BY i.tbl_name, i.name;
