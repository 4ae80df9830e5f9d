-- purpose: Whether a VACUUM keeps the row numbers of one table: only where they are a column of its own.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT m.name,
       EXISTS (SELECT 1 FROM pragma_table_info(m.name, 'main') c WHERE c.pk > 0 AND upper(c.type) = 'INTEGER')
       AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name, 'main') i WHERE i.origin = 'pk') AS is_kept
  FROM "main".sqlite_master m
 WHERE m.type = 'table'
   AND m.rootpage > 0
   AND m.name = :table COLLATE NOCASE
