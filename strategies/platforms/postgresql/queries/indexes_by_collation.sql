-- purpose: Indexes that are sorted by one collation.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT x.oid::bigint AS oid,
       quote_ident(n.nspname) || '.' || quote_ident(x.relname) AS object
  FROM pg_index i
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = x.relnamespace
 WHERE %(collation)s::bigint = ANY (i.indcollation::oid[]::bigint[])
   AND x.relkind = 'i'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
 ORDER BY x.relpages DESC, n.nspname, x.relname
