-- purpose: Triggers of one table, with their text: it says which of them fire when rows are deleted.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT t.name, t.sql
  FROM "main".sqlite_master AS t
 WHERE t.type = 'trigger'
   AND t.tbl_name = :table COLLATE NOCASE
 ORDER BY t.name;
