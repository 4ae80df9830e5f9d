-- purpose: When one table was last analysed, and how many rows changed since.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT greatest(s.last_analyze, s.last_autoanalyze) AS analysed_at,
       coalesce(s.n_mod_since_analyze, 0) AS changed_rows,
       c.reltuples::float AS known_rows
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 WHERE n.nspname = %(schema)s
   AND c.relname = %(name)s
