-- purpose: Schema and name of the table that a person named.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid::bigint = %(table)s::bigint
