-- purpose: How much of one table is free or dead; reads the pages that are not known to be wholly visible.
-- needs: CONNECT
-- better with: EXTENSION pgstattuple, pg_stat_scan_tables
-- licence: none
-- since: 14
SELECT table_len AS size_bytes,
       round(approx_free_space)::bigint AS free_bytes,
       dead_tuple_len AS dead_bytes
  FROM {pgstattuple}(%(table)s::bigint::oid::regclass)
