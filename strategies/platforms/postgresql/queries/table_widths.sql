-- purpose: What the statistics say of the rows of chosen tables, to estimate how large each would be if it were written anew.
-- needs: CONNECT
-- better with: pg_read_all_data
-- licence: none
-- since: 14
SELECT c.oid::bigint AS table_oid,
       c.reltuples::float AS known_rows,
       coalesce(s.n_mod_since_analyze, 0) AS changed_rows,
       coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100)
         AS fillfactor,
       w.columns, w.known_columns, w.bitmap_columns, w.has_nulls, w.layout
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
 CROSS JOIN LATERAL (
       -- Columns that were dropped, and those that are computed when read, stand in a row as NULL.
       SELECT count(*) FILTER (WHERE a.is_kept) AS columns,
              count(st.attname) AS known_columns,
              count(*) AS bitmap_columns,
              coalesce(bool_or(NOT a.is_kept OR st.null_frac > 0), false) AS has_nulls,
              -- Length (-1 = varying), alignment, average width where the length varies, share of NULL; in the order of the row.
              coalesce(jsonb_agg(jsonb_build_array(
                         a.attlen, CASE a.attalign WHEN 'c' THEN 1 WHEN 's' THEN 2 WHEN 'i' THEN 4 ELSE 8 END,
                         st.avg_width, st.null_frac) ORDER BY a.attnum) FILTER (WHERE st.attname IS NOT NULL), '[]') AS layout
         FROM (SELECT attname, attnum, attlen, attalign, NOT attisdropped AND attgenerated <> 'v' AS is_kept
                 FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0) a
         LEFT JOIN pg_stats st ON st.schemaname = n.nspname AND st.tablename = c.relname AND st.attname = a.attname
                              AND NOT st.inherited AND a.is_kept) w
 WHERE c.oid::bigint = ANY(%(tables)s)
 ORDER BY c.oid
