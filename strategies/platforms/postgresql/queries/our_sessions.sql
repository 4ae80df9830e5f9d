-- purpose: Live sessions of this portal with one tag, besides the one that asks.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT pid,
       state IN ('active', 'fastpath function call') AS is_working,
       left(query, 500) AS statement,
       extract(epoch FROM clock_timestamp() - query_start)::float AS working_seconds
  FROM pg_stat_activity
 WHERE application_name = %(tag)s
   AND pid <> pg_backend_pid()
   AND datname = current_database()
 ORDER BY pid
