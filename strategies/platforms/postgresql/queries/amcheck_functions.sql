-- purpose: Where the functions of the extension amcheck are installed, what they take, and whether the account may call them.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT p.proname::text AS name,
       quote_ident(n.nspname) || '.' || quote_ident(p.proname) AS function_name,
       quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
         AS signature,
       p.pronargs AS arguments,
       has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE') AS may_call
  FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
  JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
  JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE e.extname = 'amcheck'
   AND p.proname IN ('bt_index_check', 'verify_heapam')
 ORDER BY p.proname, p.pronargs DESC
