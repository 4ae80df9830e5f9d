-- purpose: How far an index build, an ANALYZE, a VACUUM or a rewrite of the portal's own session is, and which sessions it waits for.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
WITH progress AS (
  SELECT pid, phase,
         CASE WHEN lockers_total > 0 AND phase LIKE 'waiting%%' THEN lockers_total
              WHEN blocks_total > 0 THEN blocks_total ELSE nullif(tuples_total, 0) END AS total,
         CASE WHEN lockers_total > 0 AND phase LIKE 'waiting%%' THEN lockers_done
              WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END AS done,
         nullif(tuples_done, 0) AS tuples_done
    FROM pg_stat_progress_create_index
   UNION ALL
  SELECT pid, phase, nullif(sample_blks_total, 0), sample_blks_scanned, NULL
    FROM pg_stat_progress_analyze
   UNION ALL
  SELECT pid, phase, nullif(heap_blks_total, 0), heap_blks_scanned, NULL
    FROM pg_stat_progress_vacuum
   UNION ALL
  SELECT pid, phase, nullif(heap_blks_total, 0), heap_blks_scanned, nullif(heap_tuples_written, 0)
    FROM pg_stat_progress_cluster
)
SELECT p.phase, p.total, p.done, p.tuples_done,
       CASE WHEN a.wait_event_type = 'Lock' THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by
  FROM pg_stat_activity a
  JOIN progress p ON p.pid = a.pid
 WHERE a.pid = %(pid)s
UNION ALL
SELECT 'waiting for a lock', NULL, NULL, NULL, pg_blocking_pids(a.pid)
  FROM pg_stat_activity a
 WHERE a.pid = %(pid)s
   AND a.wait_event_type = 'Lock'
   AND NOT EXISTS (SELECT FROM progress p WHERE p.pid = a.pid)
