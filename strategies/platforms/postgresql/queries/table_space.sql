-- purpose: Rows, dead rows, size, age and last vacuum of every table, or of one, who works on it, and whether the account may vacuum it.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH held AS MATERIALIZED (
  -- Asking for the size of a table waits behind whoever locks it wholly, or queues to do so.
  SELECT l.relation,
         string_agg(DISTINCT CASE WHEN s.pid IS NOT NULL AND s.usesysid IS NULL THEN 'autovacuum'
                                  ELSE coalesce('session ' || l.pid, 'a prepared transaction') END, ', ')
           FILTER (WHERE l.granted) AS held_by,
         bool_or(l.mode = 'AccessExclusiveLock') AS is_closed
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    LEFT JOIN pg_stat_activity s ON s.pid = l.pid
   WHERE l.locktype = 'relation'
     AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     AND l.pid IS DISTINCT FROM pg_backend_pid()
   GROUP BY l.relation
)
SELECT c.oid::bigint AS table_oid,
       n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       pg_relation_filenode(c.oid)::bigint AS filenode,
       coalesce(s.n_live_tup, 0) AS live_rows,
       coalesce(s.n_dead_tup, 0) AS dead_rows,
       CASE WHEN h.is_closed THEN c.relpages::bigint * current_setting('block_size')::int ELSE pg_relation_size(c.oid) END
         AS size_bytes,
       CASE WHEN h.is_closed THEN c.relpages::bigint * current_setting('block_size')::int ELSE pg_total_relation_size(c.oid) END
         AS total_bytes,
       h.held_by,
       greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at,
       -- Its TOAST table is vacuumed with it.
       coalesce(greatest(age(nullif(c.relfrozenxid, '0'::xid)), age(nullif(t.relfrozenxid, '0'::xid))), 0)::bigint
         AS row_age,
       coalesce(greatest(mxid_age(nullif(c.relminmxid, '0'::xid)), mxid_age(nullif(t.relminmxid, '0'::xid))), 0)::bigint
         AS multi_age,
       least(current_setting('autovacuum_freeze_max_age')::bigint, o.freeze_max_age) AS freeze_max_age,
       least(current_setting('autovacuum_multixact_freeze_max_age')::bigint, o.multi_max_age) AS multi_max_age,
       m.amname = 'heap' AS is_heap,
       r.rolname::text AS owner,
       r.rolsuper AS is_owner_superuser,
       a.can_grant_maintain, a.may_maintain, a.may_use_schema
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_roles r ON r.oid = c.relowner
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  LEFT JOIN LATERAL (
       SELECT string_agg(DISTINCT held.held_by, ', ') AS held_by, bool_or(held.is_closed) AS is_closed
         FROM held
         LEFT JOIN pg_index i ON i.indexrelid = held.relation
        WHERE coalesce(i.indrelid, held.relation) IN (c.oid, c.reltoastrelid)) h ON true
 CROSS JOIN LATERAL (
       SELECT max(option_value) FILTER (WHERE option_name = 'autovacuum_freeze_max_age')::bigint AS freeze_max_age,
              max(option_value) FILTER (WHERE option_name = 'autovacuum_multixact_freeze_max_age')::bigint AS multi_max_age
         FROM pg_options_to_table(c.reloptions)) o
 CROSS JOIN LATERAL (
       SELECT current_setting('server_version_num')::int >= 170000 AS can_grant_maintain,
              pg_has_role(c.relowner, 'USAGE')
              OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE')
              OR CASE WHEN current_setting('server_version_num')::int >= 170000
                      THEN has_table_privilege(c.oid, 'MAINTAIN') ELSE false END AS may_maintain,
              has_schema_privilege(n.oid, 'USAGE') AS may_use_schema) a
 WHERE c.relkind IN ('r', 'm')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND (%(only)s::bigint IS NULL
        -- An index stands for its table, and a partitioned table for its partitions.
        OR EXISTS (SELECT FROM (SELECT coalesce((SELECT i.indrelid::bigint FROM pg_index i
                                                  WHERE i.indexrelid::bigint = %(only)s::bigint), %(only)s::bigint) AS oid) meant
                    WHERE meant.oid IN (c.oid::bigint, c.reltoastrelid::bigint)
                       OR EXISTS (SELECT FROM pg_partition_ancestors(c.oid) p WHERE p.relid::oid::bigint = meant.oid)))
   AND (%(schema)s::text IS NULL OR (n.nspname = %(schema)s::text AND c.relname = %(name)s::text))
 ORDER BY n.nspname, c.relname
