-- purpose: Every index that index maintenance may look at, with its state, size, and whether a build runs on its table.
-- needs: nothing beyond CONNECT; builds of other accounts need pg_monitor
-- licence: none
-- since: 14
SELECT i.indexrelid::bigint AS index_oid,
       i.indrelid::bigint AS table_oid,
       n.nspname::text AS schema_name,
       c.relname::text AS index_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       quote_ident(tn.nspname) || '.' || quote_ident(t.relname) AS table_object,
       pg_relation_filenode(c.oid)::bigint AS filenode,
       pg_relation_size(c.oid) AS size_bytes,
       i.indisvalid AS is_valid,
       i.indisready AS is_ready,
       i.indisunique AS is_unique,
       i.indisexclusion AS is_exclusion,
       n.nspname = 'pg_toast' AS is_toast,
       EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid AND p.pid <> pg_backend_pid())
         AS build_running,
       (SELECT bool_or(twin.indisvalid) FROM pg_index twin
         WHERE twin.indrelid = i.indrelid AND twin.indexrelid <> i.indexrelid
           AND twin.indkey = i.indkey AND twin.indclass = i.indclass AND twin.indcollation = i.indcollation
           AND twin.indoption = i.indoption AND twin.indisunique = i.indisunique
           AND pg_get_expr(twin.indexprs, twin.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indexprs, i.indrelid)
           AND pg_get_expr(twin.indpred, twin.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indpred, i.indrelid))
         AS twin_is_valid,
       a.may_own, a.may_maintain, a.may_use_schema
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
 CROSS JOIN LATERAL (
       SELECT pg_has_role(t.relowner, 'USAGE') AS may_own,
              pg_has_role(t.relowner, 'USAGE')
              OR (current_setting('server_version_num')::int >= 170000
                  AND CASE WHEN current_setting('server_version_num')::int >= 170000
                           THEN has_table_privilege(t.oid, 'MAINTAIN') END) AS may_maintain,
              tn.nspname = 'pg_toast' OR has_schema_privilege(tn.oid, 'USAGE') AS may_use_schema) a
 WHERE c.relkind = 'i'
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND (%(only)s::bigint IS NULL OR %(only)s::bigint IN (i.indexrelid::bigint, i.indrelid::bigint))
   AND (n.nspname <> 'pg_toast' OR EXISTS (
         SELECT FROM pg_class owner JOIN pg_namespace on_ ON on_.oid = owner.relnamespace
          WHERE owner.reltoastrelid = i.indrelid AND on_.nspname NOT IN ('pg_catalog', 'information_schema')
            AND owner.relpersistence <> 't'))
 ORDER BY n.nspname, c.relname
