-- purpose: Tables with foreign keys.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT DISTINCT m.name
  FROM "main".sqlite_master m
  JOIN pragma_foreign_key_list(m.name, 'main') f
 WHERE m.type = 'table'
