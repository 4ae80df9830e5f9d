-- purpose: Whether the rules by which this database sorts text have changed since it was made.
-- needs: CONNECT
-- licence: none
-- since: 15
SELECT d.datname::text AS database,
       quote_ident(d.datname) AS object,
       d.datcollate::text AS collation,
       d.datcollversion AS recorded_version,
       pg_database_collation_actual_version(d.oid) AS actual_version
  FROM pg_database d
 WHERE d.datname = current_database()
   AND d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid)
   AND d.datcollversion IS NOT NULL
