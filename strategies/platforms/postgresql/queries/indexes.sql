-- purpose: Indexes that index maintenance may look at (all, those of one table, or one), with state, size, copies that cancelled rebuilds left, and who works on their table.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH at_work AS MATERIALIZED (
  -- Index builds hold such a lock from begin to end; so do VACUUM, ANALYZE and changes of the table's structure. Autovacuum is
  -- left out: it builds no index, and gives way to whoever waits. Only its sessions have no account.
  SELECT l.relation, string_agg(DISTINCT coalesce('session ' || l.pid, 'a prepared transaction'), ', ') AS held_by
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
    LEFT JOIN pg_stat_activity s ON s.pid = l.pid
   WHERE l.locktype = 'relation'
     AND l.granted
     AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     AND l.pid IS DISTINCT FROM pg_backend_pid()
     AND (s.pid IS NULL OR s.usesysid IS NOT NULL)
   GROUP BY l.relation
), closed AS MATERIALIZED (
  -- Asking for the size of a relation waits behind whoever locks it wholly, or queues to do so.
  SELECT DISTINCT l.relation
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
), copies AS MATERIALIZED (
  -- An online rebuild names its copy after the index, which it cuts where the name would grow too long. An index of the same
  -- table and definition must have that name, or the copy is nobody's.
  SELECT DISTINCT ON (copy.indexrelid)
         copy.indexrelid AS copy_oid, cc.relname::text AS copy_name,
         original.indexrelid AS original_oid,
         quote_ident(onsp.nspname) || '.' || quote_ident(oc.relname) AS original,
         original.indisvalid AND original.indisready AS original_is_valid
    FROM pg_index copy
    JOIN pg_class cc ON cc.oid = copy.indexrelid
   CROSS JOIN LATERAL (SELECT substring(cc.relname::text FROM '_cc(?:new|old)[0-9]*$') AS suffix) x
   CROSS JOIN LATERAL (SELECT left(cc.relname::text, -length(x.suffix)) AS base,
                              current_setting('max_identifier_length')::int - octet_length(x.suffix) AS room) b
    JOIN pg_index original ON original.indrelid = copy.indrelid AND original.indexrelid <> copy.indexrelid
     AND original.indkey = copy.indkey AND original.indclass = copy.indclass AND original.indcollation = copy.indcollation
     AND original.indoption = copy.indoption AND original.indisunique = copy.indisunique
     AND pg_get_expr(original.indexprs, original.indrelid) IS NOT DISTINCT FROM pg_get_expr(copy.indexprs, copy.indrelid)
     AND pg_get_expr(original.indpred, original.indrelid) IS NOT DISTINCT FROM pg_get_expr(copy.indpred, copy.indrelid)
    JOIN pg_class oc ON oc.oid = original.indexrelid
     AND (oc.relname::text = b.base
          -- A cut falls between characters, of which the longest has four bytes.
          OR (starts_with(oc.relname::text, b.base) AND octet_length(oc.relname::text) > b.room
              AND octet_length(b.base) > b.room - 4))
    JOIN pg_namespace onsp ON onsp.oid = oc.relnamespace
   WHERE NOT copy.indisvalid
     AND x.suffix IS NOT NULL
   ORDER BY copy.indexrelid, original.indisvalid AND original.indisready, oc.relname
)
SELECT i.indexrelid::bigint AS index_oid,
       i.indrelid::bigint AS table_oid,
       n.nspname::text AS schema_name,
       c.relname::text AS index_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       quote_ident(tn.nspname) || '.' || quote_ident(t.relname) AS table_object,
       pg_relation_filenode(c.oid)::bigint AS filenode,
       CASE WHEN c.oid IN (SELECT relation FROM closed) THEN c.relpages::bigint * current_setting('block_size')::int
            ELSE pg_relation_size(c.oid) END AS size_bytes,
       i.indisvalid AS is_valid,
       i.indisready AS is_ready,
       i.indisunique AS is_unique,
       i.indisexclusion AS is_exclusion,
       w.held_by,
       own.original,
       own.original_is_valid,
       coalesce((SELECT jsonb_object_agg(k.copy_name, k.copy_oid::bigint) FROM copies k WHERE k.original_oid = i.indexrelid),
                '{}') AS copies,
       coalesce((SELECT jsonb_object_agg(k.copy_name, quote_ident(n.nspname) || '.' || quote_ident(k.copy_name))
                   FROM copies k WHERE k.original_oid = i.indexrelid),
                '{}') AS copy_objects,
       r.rolname::text AS owner,
       r.rolsuper AS is_owner_superuser,
       a.can_grant_maintain, a.may_own, a.may_maintain, a.may_use_schema
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_roles r ON r.oid = t.relowner
  LEFT JOIN at_work w ON w.relation = i.indrelid
  LEFT JOIN copies own ON own.copy_oid = i.indexrelid
 CROSS JOIN LATERAL (
       SELECT current_setting('server_version_num')::int >= 170000 AS can_grant_maintain,
              pg_has_role(t.relowner, 'USAGE') AS may_own,
              pg_has_role(t.relowner, 'USAGE')
              OR CASE WHEN current_setting('server_version_num')::int >= 170000
                      THEN has_table_privilege(t.oid, 'MAINTAIN') ELSE false END AS may_maintain,
              has_schema_privilege(tn.oid, 'USAGE') AS may_use_schema) a
 WHERE c.relkind = 'i'
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (%(only)s::bigint IS NULL OR %(only)s::bigint IN (i.indexrelid::bigint, i.indrelid::bigint)
        -- A partitioned table or index keeps nothing itself: its partitions are meant.
        OR EXISTS (SELECT FROM unnest(ARRAY[i.indexrelid, i.indrelid]) meant(oid)
                    CROSS JOIN LATERAL pg_partition_ancestors(meant.oid) p
                    WHERE p.relid::oid::bigint = %(only)s::bigint))
   AND (%(schema)s::text IS NULL OR (n.nspname = %(schema)s::text AND c.relname = %(name)s::text))
   AND (n.nspname <> 'pg_toast' OR EXISTS (
         SELECT FROM pg_class owner JOIN pg_namespace on_ ON on_.oid = owner.relnamespace
          WHERE owner.reltoastrelid = i.indrelid AND on_.nspname NOT IN ('pg_catalog', 'information_schema')
            AND owner.relpersistence <> 't'))
 ORDER BY n.nspname, c.relname
