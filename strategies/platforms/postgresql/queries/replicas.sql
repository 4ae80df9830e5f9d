-- purpose: Replicas and others that receive the server's log, and how many seconds each is behind in keeping and in applying it.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
SELECT coalesce(nullif(r.application_name, ''), 'session ' || r.pid) AS name,
       r.state IS NULL AS is_hidden,
       extract(epoch FROM r.flush_lag)::float AS flush_seconds,
       extract(epoch FROM r.replay_lag)::float AS replay_seconds
  FROM pg_stat_replication r
 WHERE r.state IS DISTINCT FROM 'backup'
 ORDER BY 1, r.pid
