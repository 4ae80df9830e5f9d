-- purpose: How many sessions of others are at work on the server, those that wait for a lock included.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
SELECT count(*) FILTER (WHERE a.state IN ('active', 'fastpath function call')) AS active,
       pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all_sessions
  FROM pg_stat_activity a
 WHERE a.backend_type = 'client backend'
   AND a.pid <> pg_backend_pid()
   -- All sessions of one portal begin with the same word.
   AND NOT starts_with(a.application_name, split_part(current_setting('application_name'), ' ', 1) || ' ')
