-- purpose: Number of rows of one table that a condition on their age finds, counted up to a limit.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT count(*) AS rows FROM (SELECT 1 FROM {table} WHERE {condition} LIMIT :most);
