-- purpose: Reads, writes and extensions of the asking session itself so far.
-- needs: CONNECT
-- licence: none
-- since: 18
SELECT sum(coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0))::bigint AS operations
  FROM pg_stat_get_backend_io(pg_backend_pid())
