-- purpose: Where the function that measures leaf density is installed, if the account may call it.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT quote_ident(n.nspname) || '.pgstatindex' AS function_name
  FROM pg_extension e
  JOIN pg_namespace n ON n.oid = e.extnamespace
  JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'pgstatindex'
 WHERE e.extname = 'pgstattuple'
   AND p.proargtypes[0] = 'regclass'::regtype
   AND has_function_privilege(p.oid, 'EXECUTE')
