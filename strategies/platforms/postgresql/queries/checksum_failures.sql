-- purpose: Pages of this database, and of what all databases share, whose checksum did not fit when they were read.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT coalesce(s.datname::text, 'shared objects') AS place,
       s.checksum_failures AS failures,
       s.checksum_last_failure AS last_failure_at,
       s.stats_reset AS counted_since_at
  FROM pg_stat_database s
 WHERE (s.datname = current_database() OR s.datid = 0)
   AND s.checksum_failures > 0
