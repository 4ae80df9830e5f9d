-- purpose: Number of rows of one table, counted.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT count(*) AS rows FROM {table}
