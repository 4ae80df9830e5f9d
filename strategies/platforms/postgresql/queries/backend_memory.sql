-- purpose: Memory that the asking session holds.
-- needs: CONNECT
-- better with: pg_read_all_stats
-- licence: none
-- since: 14
SELECT sum(used_bytes)::bigint AS bytes
  FROM pg_backend_memory_contexts
