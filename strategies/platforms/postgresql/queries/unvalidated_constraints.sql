-- purpose: Constraints that hold for new rows and were never compared with the rows that were there; of one table, or of all.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.oid::bigint AS constraint_oid,
       n.nspname::text AS schema_name,
       t.relname::text AS table_name,
       c.conname::text AS constraint_name,
       quote_ident(n.nspname) || '.' || quote_ident(t.relname) AS table_object,
       quote_ident(c.conname) AS constraint_object,
       pg_get_constraintdef(c.oid) AS definition,
       c.contype::text AS kind,
       c.convalidated AS is_validated,
       pg_has_role(t.relowner, 'USAGE') AS may_validate,
       pg_get_userbyid(t.relowner)::text AS owner
  FROM pg_constraint c
  JOIN pg_class t ON t.oid = c.conrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
   AND c.conparentid = 0
   AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
   AND ((%(constraint)s::bigint IS NULL AND NOT c.convalidated) OR c.oid::bigint = %(constraint)s::bigint)
   AND (%(only)s::bigint IS NULL OR t.oid::bigint = %(only)s::bigint
        OR EXISTS (SELECT FROM pg_partition_ancestors(t.oid) p WHERE p.relid::oid::bigint = %(only)s::bigint))
 ORDER BY n.nspname, t.relname, c.conname
