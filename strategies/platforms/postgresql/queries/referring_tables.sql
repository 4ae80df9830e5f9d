-- purpose: Foreign keys that refer to one table or to its partitions, and what they do when rows are deleted.
-- needs: CONNECT
-- licence: none
-- since: 14
WITH RECURSIVE parts AS (
  SELECT %(table)s::bigint::oid AS oid
   UNION
  SELECT i.inhrelid
    FROM parts p
    JOIN pg_inherits i ON i.inhparent = p.oid
)
SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object,
       CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END
         AS on_delete
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE k.contype = 'f'
   AND k.confrelid IN (SELECT p.oid FROM parts p)
   -- Of a key between partitioned tables each partition has its own copy.
   AND NOT EXISTS (SELECT FROM pg_constraint whole
                    WHERE whole.oid = k.conparentid AND whole.confrelid IN (SELECT p.oid FROM parts p))
 ORDER BY 1, 2
