-- purpose: Virtual tables, such as full-text indexes, with the statement that made each.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT m.name, m.sql
  FROM "main".sqlite_master m
 WHERE m.type = 'table'
   AND coalesce(m.rootpage, 0) = 0
 ORDER BY m.name
