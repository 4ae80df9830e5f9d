-- purpose: How full the leaf pages of one index really are; reads the whole index.
-- needs: CONNECT
-- better with: EXTENSION pgstattuple, pg_stat_scan_tables
-- licence: none
-- since: 14
SELECT avg_leaf_density, leaf_fragmentation FROM {pgstatindex}(%(index)s::bigint::oid::regclass)
