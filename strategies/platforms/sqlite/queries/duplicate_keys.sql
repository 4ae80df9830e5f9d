-- purpose: Whether the rows of a table themselves break a unique index, so that no rebuild can mend it. Reads and sorts the table.
-- needs: read access to the file
-- licence: none
-- since: 3.8
SELECT count(*) AS duplicates
  FROM (SELECT 1 FROM {table} NOT INDEXED WHERE {known} GROUP BY {columns} HAVING count(*) > 1);
