-- purpose: One table by its name, the type of one of its columns, what fires or refuses when its rows are deleted, and what the account may do there.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH RECURSIVE parts AS (
  SELECT c.oid
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = %(schema)s::text
     AND c.relname = %(name)s::text
   UNION
  SELECT i.inhrelid
    FROM parts p
    JOIN pg_inherits i ON i.inhparent = p.oid
)
SELECT c.oid::bigint AS table_oid,
       n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       quote_ident(n.nspname) AS shown_schema,
       c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AS is_table,
       (SELECT count(*) > 1 FROM parts) AS has_parts,
       a.attname::text AS column_name,
       coalesce(nullif(t.typbasetype, 0), t.oid)::regtype::text AS age_type,
       EXISTS (SELECT FROM pg_index i
                 JOIN pg_class x ON x.oid = i.indexrelid
                 JOIN pg_am m ON m.oid = x.relam AND m.amname = 'btree'
                WHERE i.indrelid = c.oid
                  AND i.indisvalid
                  AND i.indpred IS NULL
                  AND i.indkey[0] = a.attnum) AS has_index,
       ARRAY (SELECT DISTINCT quote_ident(g.tgname)
                FROM pg_trigger g
               WHERE g.tgrelid IN (SELECT p.oid FROM parts p)
                 AND NOT g.tgisinternal
                 AND g.tgenabled IN ('O', 'A')
                 AND g.tgtype & 8 = 8
               ORDER BY 1) AS delete_triggers,
       EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('3', '4')) AS has_rules,
       has_schema_privilege(n.oid, 'USAGE') AS may_use_schema,
       has_schema_privilege(n.oid, 'CREATE') AS may_create,
       has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'DELETE') AS may_delete,
       has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AS may_insert
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = %(column)s::text
  LEFT JOIN pg_type t ON t.oid = a.atttypid
 WHERE n.nspname = %(schema)s::text
   AND c.relname = %(name)s::text
