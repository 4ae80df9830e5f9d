-- purpose: Tables and B-tree indexes that amcheck can check, with their sizes; or those of one table or index, or of its partitions.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH closed AS MATERIALIZED (
  -- Asking for the size of a table waits behind whoever locks it wholly, or queues to do so.
  SELECT DISTINCT l.relation
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
)
SELECT c.oid::bigint AS oid,
       n.nspname::text AS schema_name,
       c.relname::text AS name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       CASE WHEN c.relkind = 'i' THEN 'INDEX' ELSE 'TABLE' END AS object_type,
       (SELECT quote_ident(tn.nspname) || '.' || quote_ident(tc.relname)
          FROM pg_class tc
          JOIN pg_namespace tn ON tn.oid = tc.relnamespace
         WHERE tc.oid = coalesce((SELECT o.oid FROM pg_class o WHERE o.reltoastrelid = coalesce(i.indrelid, c.oid)),
                                 i.indrelid)) AS table_object,
       CASE WHEN k.relation IS NOT NULL THEN c.relpages::bigint * current_setting('block_size')::int
            ELSE pg_relation_size(c.oid) END AS size_bytes,
       has_schema_privilege(n.oid, 'USAGE') AS may_use_schema
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN closed k ON k.relation = c.oid
 WHERE c.relpersistence = ANY (CASE WHEN pg_is_in_recovery() THEN '{p}'::"char"[] ELSE '{p,u}'::"char"[] END)
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND ((c.relkind IN ('r', 'm', 't') AND m.amname = 'heap')
        OR (c.relkind = 'i' AND m.amname = 'btree' AND i.indisvalid AND i.indisready))
   AND NOT EXISTS (SELECT FROM pg_class o
                    WHERE o.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                      AND o.reltoastrelid <> 0
                      AND o.reltoastrelid = coalesce(i.indrelid, c.oid))
   AND (%(only)s::bigint IS NULL
        OR %(only)s::bigint IN (c.oid::bigint, i.indrelid::bigint)
        OR EXISTS (SELECT FROM pg_class o
                    WHERE o.oid::bigint = %(only)s::bigint
                      AND o.reltoastrelid <> 0
                      AND o.reltoastrelid = coalesce(i.indrelid, c.oid))
        -- A partitioned table or index keeps nothing itself: its partitions are meant.
        OR EXISTS (SELECT FROM unnest(ARRAY[c.oid, i.indrelid]) meant(oid)
                    CROSS JOIN LATERAL pg_partition_ancestors(meant.oid) p
                    WHERE p.relid::oid::bigint = %(only)s::bigint))
 ORDER BY size_bytes DESC, n.nspname, c.relname
