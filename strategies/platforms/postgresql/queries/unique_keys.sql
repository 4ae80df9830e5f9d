-- purpose: What unique indexes compare, as SQL text: the table and the columns of the key. Only indexes whose key can be asked of the rows without running anybody's code, and whose columns the account may read.
-- needs: CONNECT
-- better with: pg_read_all_data
-- licence: none
-- since: 14
SELECT i.indexrelid::bigint AS index_oid,
       quote_ident(n.nspname) || '.' || quote_ident(t.relname) AS table_object,
       key.columns,
       -- From 15 a unique index may take two NULLs for equal; the column of the catalogue is not there before.
       CASE WHEN (to_jsonb(i) ->> 'indnullsnotdistinct')::boolean THEN 'true' ELSE key.known END AS known
  FROM pg_index i
  JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = t.relnamespace
 CROSS JOIN LATERAL (
       SELECT string_agg(quote_ident(a.attname)
                         || coalesce(' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(co.collname), ''),
                         ', ' ORDER BY place) AS columns,
              string_agg(quote_ident(a.attname) || ' IS NOT NULL', ' AND ' ORDER BY place) AS known,
              -- Grouping compares by the type's default; another operator class may mean something else by equal.
              bool_and(o.opcdefault AND has_column_privilege(t.oid, a.attnum, 'SELECT')) AS can_ask
         FROM generate_series(1, i.indnkeyatts) place
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[place - 1]
         JOIN pg_opclass o ON o.oid = i.indclass[place - 1]
         LEFT JOIN pg_collation co ON co.oid = i.indcollation[place - 1]
         LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace) key
 WHERE i.indexrelid::bigint = ANY(%(indexes)s)
   AND i.indisunique
   -- A SELECT would run the functions of an expression, a condition or a policy as the asking account, whoever wrote them.
   AND i.indexprs IS NULL
   AND i.indpred IS NULL
   AND NOT row_security_active(t.oid)
   AND n.nspname <> 'pg_toast'
   AND has_schema_privilege(n.oid, 'USAGE')
   AND key.can_ask
 ORDER BY t.relpages, i.indexrelid  -- the cheapest first: there is a limit of time
 LIMIT %(most)s
