-- purpose: The oldest transaction that an online index build would have to wait for.
-- needs: pg_monitor, to see the transactions of other accounts
-- licence: none
-- since: 14
SELECT pid,
       coalesce(usename::text, '') AS account,
       extract(epoch FROM clock_timestamp() - xact_start)::float AS seconds
  FROM pg_stat_activity
 WHERE datname = current_database()
   AND pid <> pg_backend_pid()
   AND xact_start < clock_timestamp() - make_interval(mins => %(minutes)s)
   AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
 ORDER BY xact_start
 LIMIT 1
