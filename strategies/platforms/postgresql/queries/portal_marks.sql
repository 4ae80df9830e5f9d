-- purpose: Tables that together mark a schema of a portal's own; both are there, or it is no portal's.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.relname::text AS name
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s::text
   AND c.relname IN ('portal_installation', 'django_migrations')
   AND c.relkind IN ('r', 'p')
