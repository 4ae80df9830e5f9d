-- purpose: Foreign keys that refer to one table, and what they do when its rows are deleted.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT m.name AS table_name, f.on_delete
  FROM "main".sqlite_master AS m
  JOIN pragma_foreign_key_list(m.name, 'main') AS f
 WHERE m.type = 'table'
   AND f.seq = 0
   AND f."table" = :table COLLATE NOCASE
 ORDER BY m.name, f.id;
