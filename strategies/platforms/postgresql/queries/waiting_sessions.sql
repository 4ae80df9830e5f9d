-- purpose: How many requests for locks are waiting, in any database of the server.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT count(*) AS waiting
  FROM pg_catalog.pg_locks
 WHERE NOT granted
