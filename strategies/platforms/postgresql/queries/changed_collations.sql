-- purpose: Collations in use by indexes whose rules have changed since they were made; the database's own is asked for apart.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.oid::bigint AS collation_oid,
       quote_ident(n.nspname) || '.' || quote_ident(c.collname) AS object,
       c.collversion AS recorded_version,
       pg_collation_actual_version(c.oid) AS actual_version
  FROM pg_collation c
  JOIN pg_namespace n ON n.oid = c.collnamespace
 WHERE c.collversion IS NOT NULL
   AND c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid)
   AND EXISTS (SELECT FROM pg_index i WHERE c.oid = ANY (i.indcollation::oid[]))
