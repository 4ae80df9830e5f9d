-- purpose: Tables that can be measured, the largest first, with the type of a column that they may have; or the one of an oid.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       a.atttypid::regtype::text AS column_type,
       has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AS may_read
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %(column)s AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'm', 'p')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   -- A partition counts with its table, unless it is named itself.
   AND CASE WHEN %(only)s::bigint IS NULL THEN NOT c.relispartition ELSE c.oid::bigint = %(only)s::bigint END
 ORDER BY c.relpages DESC, n.nspname, c.relname
