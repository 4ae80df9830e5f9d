-- purpose: Tables of a schema whose comment says that they are copies which BACKUP_MAINTENANCE made.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.relname::text AS name,
       obj_description(c.oid, 'pg_class') AS mark,
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum) AS columns,
       -- What the owner may, and whoever owns the schema.
       pg_has_role(c.relowner, 'USAGE') OR pg_has_role(n.nspowner, 'USAGE') AS may_drop
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s
   AND c.relkind = 'r'
   AND obj_description(c.oid, 'pg_class') LIKE 'Copy of %% made by BACKUP_MAINTENANCE of %%'
 ORDER BY c.relname
