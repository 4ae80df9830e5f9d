-- purpose: One index by name, as it is now, and copies of it that a cancelled rebuild left.
-- needs: nothing beyond CONNECT; builds of other accounts need pg_monitor
-- licence: none
-- since: 14
SELECT i.indexrelid::bigint AS index_oid,
       pg_relation_filenode(c.oid)::bigint AS filenode,
       pg_relation_size(c.oid) AS size_bytes,
       i.indisvalid AND i.indisready AS is_usable,
       EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid AND p.pid <> pg_backend_pid())
         AS build_running,
       ARRAY(SELECT lc.relname::text FROM pg_index l JOIN pg_class lc ON lc.oid = l.indexrelid
              WHERE l.indrelid = i.indrelid AND l.indexrelid <> i.indexrelid AND NOT l.indisvalid
                AND lc.relname ~ '_cc(new|old)[0-9]*$'
                AND l.indkey = i.indkey AND l.indclass = i.indclass AND l.indisunique = i.indisunique
                AND pg_get_expr(l.indexprs, l.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indexprs, i.indrelid)
                AND pg_get_expr(l.indpred, l.indrelid) IS NOT DISTINCT FROM pg_get_expr(i.indpred, i.indrelid)
              ORDER BY lc.relname) AS leftovers
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s
   AND c.relname = %(name)s
