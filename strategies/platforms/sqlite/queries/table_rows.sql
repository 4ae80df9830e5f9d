-- purpose: Number of rows of one table, counted through its smallest index.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT count(*) AS rows FROM {table};
