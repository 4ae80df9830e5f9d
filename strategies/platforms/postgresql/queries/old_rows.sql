-- purpose: Number of rows of one table that a condition on their age finds, counted up to a limit.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT count(*) AS rows FROM (SELECT FROM {table} WHERE {condition} LIMIT %(most)s::bigint) old
