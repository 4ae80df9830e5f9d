-- purpose: A key that several rows of a table share although a unique index must hold it only once. Reads the table, within a limit of time.
-- needs: CONNECT
-- better with: pg_read_all_data
-- licence: none
-- since: 14
SELECT ROW({columns})::text AS key, count(*) AS rows
  FROM ONLY {table}
 WHERE {known}
 GROUP BY {columns}
HAVING count(*) > 1
 LIMIT 1
