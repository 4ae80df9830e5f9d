-- purpose: Every table that statistics maintenance may look at: rows, changes, when it was analysed, and whether the account may do it.
-- needs: nothing beyond CONNECT
-- licence: none
-- since: 14
SELECT c.oid::bigint AS table_oid,
       n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       c.relkind::text AS kind,
       c.reltuples::float AS known_rows,
       CASE WHEN c.relkind = 'p' THEN children.live_rows ELSE coalesce(s.n_live_tup, 0) END::bigint AS live_rows,
       coalesce(s.n_mod_since_analyze, 0) AS changed_rows,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_relation_size(c.oid) END AS size_bytes,
       greatest(s.last_analyze, s.last_autoanalyze) AS analysed_at,
       CASE WHEN has_table_privilege(c.oid, 'SELECT')
            THEN EXISTS (SELECT FROM pg_stats st WHERE st.schemaname = n.nspname AND st.tablename = c.relname) END
         AS has_statistics,
       a.may_maintain, a.may_use_schema
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 CROSS JOIN LATERAL (
       SELECT pg_has_role(c.relowner, 'USAGE')
              OR (current_setting('server_version_num')::int < 170000
                  AND pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE'))
              OR (current_setting('server_version_num')::int >= 170000
                  AND CASE WHEN current_setting('server_version_num')::int >= 170000
                           THEN has_table_privilege(c.oid, 'MAINTAIN') END) AS may_maintain,
              has_schema_privilege(n.oid, 'USAGE') AS may_use_schema) a
  LEFT JOIN LATERAL (
       SELECT sum(leaf_stat.n_live_tup) AS live_rows
         FROM pg_partition_tree(c.oid) leaf
         JOIN pg_stat_all_tables leaf_stat ON leaf_stat.relid = leaf.relid
        WHERE c.relkind = 'p' AND leaf.isleaf) children ON c.relkind = 'p'
 WHERE c.relkind IN ('r', 'm', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (%(only)s::bigint IS NULL OR %(only)s::bigint = c.oid::bigint
        OR EXISTS (SELECT FROM pg_index i WHERE i.indexrelid::bigint = %(only)s::bigint AND i.indrelid = c.oid))
 ORDER BY n.nspname, c.relname
