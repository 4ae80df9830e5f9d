-- purpose: Open transactions of others that an online index build would have to wait for, and since when they are open.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
SELECT a.pid,
       a.usename::text AS account,
       l.virtualtransaction AS transaction,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float AS seconds
  FROM pg_stat_activity a
  JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted
 WHERE a.datname = current_database()
   AND a.pid <> pg_backend_pid()
   -- Autovacuum has no account, and builds do not wait for it.
   AND a.usesysid IS NOT NULL
   -- Older snapshots and changes are waited for in the whole database, any use only of the table itself.
   AND (a.backend_xmin IS NOT NULL
        OR a.backend_xid IS NOT NULL
        OR a.pid IN (SELECT u.pid
                       FROM pg_locks u
                       JOIN pg_database d ON d.oid = u.database AND d.datname = current_database()
                      WHERE u.relation::bigint = %(table)s::bigint))
 ORDER BY a.xact_start NULLS LAST, a.pid
