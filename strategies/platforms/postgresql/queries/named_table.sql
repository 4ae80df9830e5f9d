-- purpose: Whether a schema has a table of this name.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.oid::bigint AS oid
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s
   AND c.relname = %(name)s
