-- purpose: Indexes that are invalid or not ready, those apart on whose table one is being built now.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS object
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT (i.indisvalid AND i.indisready)
   AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p
                    WHERE p.datname = current_database() AND p.relid = i.indrelid)
 ORDER BY 1
