-- purpose: The table or index that a person named, read as PostgreSQL reads names.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT c.oid::bigint AS oid
  FROM pg_class c
 WHERE c.oid = to_regclass(%(name)s)
   AND c.relkind IN ('r', 'm', 'p', 'i', 'I', 't')
