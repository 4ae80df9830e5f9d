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
       -- What came and stayed since the server began to count: where that is the whole table, it has counted its whole life.
       coalesce(s.n_tup_ins - s.n_tup_del, 0) AS arrived_rows,
       CASE WHEN c.relkind = 'p' THEN 0 ELSE pg_relation_size(c.oid) END AS size_bytes,
       greatest(s.last_analyze, s.last_autoanalyze) AS analysed_at,
       -- NULL where the account may not see them: without SELECT, or behind a policy for rows.
       CASE WHEN has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
            THEN EXISTS (SELECT FROM pg_stats st WHERE st.schemaname = n.nspname AND st.tablename = c.relname) END
         AS has_statistics,
       r.rolname::text AS owner,
       r.rolsuper AS is_owner_superuser,
       a.can_grant_maintain, a.may_maintain, a.may_use_schema
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_roles r ON r.oid = c.relowner
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 CROSS JOIN LATERAL (
       SELECT current_setting('server_version_num')::int >= 170000 AS can_grant_maintain,
              pg_has_role(c.relowner, 'USAGE')
              OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE')
              OR CASE WHEN current_setting('server_version_num')::int >= 170000
                      THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END AS may_maintain,
              has_schema_privilege(n.oid, 'USAGE') AS may_use_schema) a
  LEFT JOIN LATERAL (
       -- Counters that were lost begin at nothing; the catalogue still knows how many rows there were.
       SELECT sum(greatest(leaf_stat.n_live_tup, leaf_class.reltuples)) AS live_rows
         FROM pg_partition_tree(c.oid) leaf
         JOIN pg_class leaf_class ON leaf_class.oid = leaf.relid
         JOIN pg_stat_all_tables leaf_stat ON leaf_stat.relid = leaf.relid
        WHERE c.relkind = 'p' AND leaf.isleaf) children ON c.relkind = 'p'
 WHERE c.relkind IN ('r', 'm', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (%(only)s::bigint IS NULL OR %(only)s::bigint = c.oid::bigint
        OR EXISTS (SELECT FROM pg_index i WHERE i.indexrelid::bigint = %(only)s::bigint AND i.indrelid = c.oid))
 ORDER BY n.nspname, c.relname
