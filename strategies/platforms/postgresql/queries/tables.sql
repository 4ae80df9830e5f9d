-- purpose: Every table that statistics maintenance may look at: rows, changes, when it was analysed, and whether the account may do it.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH RECURSIVE closed AS MATERIALIZED (
  -- Asking for the size of a table waits behind whoever locks it wholly, or queues to do so.
  SELECT DISTINCT l.relation
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
), leaves AS (
  -- As pg_partition_tree has them, which would lock each of them to say so.
  SELECT i.inhparent AS root, i.inhrelid AS relid FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent AND p.relkind = 'p'
   UNION ALL
  SELECT leaves.root, i.inhrelid FROM leaves JOIN pg_inherits i ON i.inhparent = leaves.relid
)
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
       CASE WHEN c.relkind = 'p' THEN 0
            WHEN c.oid IN (SELECT relation FROM closed) THEN c.relpages::bigint * current_setting('block_size')::int
            ELSE pg_relation_size(c.oid) END AS size_bytes,
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
         FROM leaves leaf
         JOIN pg_class leaf_class ON leaf_class.oid = leaf.relid AND leaf_class.relkind <> 'p'
         JOIN pg_stat_all_tables leaf_stat ON leaf_stat.relid = leaf.relid
        WHERE leaf.root = c.oid) children ON c.relkind = 'p'
 WHERE c.relkind IN ('r', 'm', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (%(only)s::bigint IS NULL OR %(only)s::bigint = c.oid::bigint
        OR EXISTS (SELECT FROM pg_index i WHERE i.indexrelid::bigint = %(only)s::bigint AND i.indrelid = c.oid))
 ORDER BY n.nspname, c.relname
