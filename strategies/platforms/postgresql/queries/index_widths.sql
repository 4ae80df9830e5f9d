-- purpose: What an estimate of an index's right size rests on: entries, widths of its columns, and how fresh the statistics are.
-- needs: CONNECT
-- better with: pg_read_all_data
-- licence: none
-- since: 14
SELECT i.indexrelid::bigint AS index_oid,
       c.reltuples::float AS entries,
       t.reltuples::float AS table_rows,
       coalesce(s.n_mod_since_analyze, 0) AS changed_rows,
       coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90)
         AS fillfactor,
       coalesce((SELECT option_value::boolean FROM pg_options_to_table(c.reloptions)
                  WHERE option_name = 'deduplicate_items'), true)
         AND NOT i.indisunique AND i.indnatts = i.indnkeyatts AS may_deduplicate,
       bool_and(coalesce(w.is_equal_image, false)) FILTER (WHERE w.is_key) AS all_equal_image,
       count(*)::int AS columns,
       count(w.avg_width)::int AS known_columns,
       sum((1 - w.null_frac) * w.avg_width)::float AS width_bytes,
       bool_or(w.null_frac > 0) AS has_nulls,
       CASE WHEN count(*) = 1 THEN max(w.n_distinct)::float END AS n_distinct,
       bool_or(w.is_wide) AS has_wide_column
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am am ON am.oid = c.relam AND am.amname = 'btree'
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = t.oid
 CROSS JOIN LATERAL (
       SELECT a.attnum <= i.indnkeyatts AS is_key,
              st.avg_width, st.null_frac, st.n_distinct,
              st.avg_width > 500 AS is_wide,
              EXISTS (SELECT FROM pg_opclass o
                        JOIN pg_amproc p ON p.amprocfamily = o.opcfamily AND p.amproclefttype = o.opcintype
                       WHERE o.oid = i.indclass[a.attnum - 1] AND p.amprocnum = 4) AS is_equal_image
         FROM pg_attribute a
         LEFT JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = i.indkey[a.attnum - 1] AND ta.attnum > 0
         LEFT JOIN pg_stats st
                ON (ta.attname IS NOT NULL AND st.schemaname = tn.nspname AND st.tablename = t.relname
                    AND st.attname = ta.attname AND NOT st.inherited)
                OR (ta.attname IS NULL AND st.schemaname = n.nspname AND st.tablename = c.relname
                    AND st.attname = a.attname)
        WHERE a.attrelid = c.oid AND a.attnum > 0) w
 WHERE i.indisvalid AND i.indisready AND i.indpred IS NULL
   AND i.indexrelid::bigint = ANY(%(indexes)s)
 GROUP BY i.indexrelid, i.indisunique, i.indnatts, i.indnkeyatts, c.reltuples, c.reloptions, t.reltuples, s.n_mod_since_analyze
