-- purpose: Who keeps dead rows alive: transactions, prepared transactions and replication slots, with since when and how far back they reach.
-- needs: CONNECT
-- better with: pg_monitor
-- licence: none
-- since: 14
SELECT 'the transaction of session ' || a.pid || ' of ' || coalesce(quote_ident(a.usename), 'another account') AS holder,
       a.xact_start AS since,
       false AS is_idle_slot,
       greatest(age(a.backend_xmin), age(a.backend_xid))::bigint AS row_age
  FROM pg_stat_activity a
 WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
   AND a.pid <> pg_backend_pid()
   -- A vacuum ignores others of its kind; standbys that send feedback without a slot have no database.
   AND (a.datname = current_database() OR a.backend_type = 'walsender')
   AND a.backend_type IS DISTINCT FROM 'autovacuum worker'
   AND a.pid NOT IN (SELECT v.pid FROM pg_stat_progress_vacuum v)
UNION ALL
SELECT 'the prepared transaction ' || quote_literal(p.gid) || ' of ' || quote_ident(p.owner),
       p.prepared,
       false,
       age(p.transaction)::bigint
  FROM pg_prepared_xacts p
 WHERE p.database = current_database()
UNION ALL
SELECT 'the replication slot ' || quote_ident(s.slot_name) || CASE WHEN s.active THEN '' ELSE ', which nobody uses' END,
       -- From 17; the column is not there before.
       (to_jsonb(s) ->> 'inactive_since')::timestamptz,
       NOT s.active,
       age(s.xmin)::bigint
  FROM pg_replication_slots s
 WHERE s.xmin IS NOT NULL
 ORDER BY row_age DESC
