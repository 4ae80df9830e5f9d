-- purpose: Columns of one table, and which of them fill themselves.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT a.attname::text AS column_name,
       a.attgenerated <> '' AS is_generated,
       a.attidentity = 'a' AS is_always_identity
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s::text
   AND c.relname = %(name)s::text
   AND a.attnum > 0
   AND NOT a.attisdropped
 ORDER BY a.attnum
