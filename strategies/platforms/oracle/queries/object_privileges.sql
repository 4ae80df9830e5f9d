-- purpose: Which objects of SYS the session may read or call, by grants to the account, to roles that are on, and to everybody.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT DISTINCT p.privilege, p.table_schema AS owner, p.table_name AS name
  FROM all_tab_privs p
 WHERE p.table_schema = 'SYS'
   AND p.privilege IN ('SELECT', 'READ', 'EXECUTE')
   AND (p.grantee IN ('PUBLIC', SYS_CONTEXT('USERENV', 'SESSION_USER'))
        OR p.grantee IN (SELECT r.role FROM session_roles r))
