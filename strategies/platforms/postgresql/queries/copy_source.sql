-- purpose: One table that is to be copied: its columns, its size with that of its partitions, and what the account may do.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH RECURSIVE closed AS MATERIALIZED (
  -- Asking for the size of a table waits behind whoever locks it wholly, or queues to do so.
  SELECT DISTINCT l.relation
    FROM pg_locks l
    JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
   WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
), parts AS (
  SELECT %(table)s::oid AS relid
   UNION ALL
  SELECT i.inhrelid FROM pg_inherits i JOIN parts ON i.inhparent = parts.relid
)
SELECT n.nspname::text AS schema_name,
       c.relname::text AS table_name,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       ARRAY(SELECT a.attname::text
               FROM pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              ORDER BY a.attnum) AS columns,
       (SELECT sum(CASE WHEN p.relid IN (SELECT relation FROM closed)
                        THEN (SELECT k.relpages::bigint * current_setting('block_size')::int FROM pg_class k WHERE k.oid = p.relid)
                        ELSE pg_table_size(p.relid) END)::bigint
          FROM parts p) AS size_bytes,
       has_table_privilege(c.oid, 'SELECT') AS may_read,
       has_schema_privilege(n.oid, 'USAGE') AS may_use_schema,
       has_schema_privilege(n.oid, 'CREATE') AS may_create,
       -- Of the table that is named: its partitions' own policies do not count when it is read.
       row_security_active(c.oid) AS hides_rows
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = %(table)s::oid
   AND c.relkind IN ('r', 'p', 'm')
   AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
