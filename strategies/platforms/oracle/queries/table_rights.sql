-- purpose: What the account may do with one table, by grants to itself, to roles that are on, and to everybody.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT DISTINCT p.privilege
  FROM all_tab_privs p
 WHERE p.table_schema = :owner
   AND p.table_name = :table_name
   AND (p.grantee IN ('PUBLIC', SYS_CONTEXT('USERENV', 'SESSION_USER'))
        OR p.grantee IN (SELECT r.role FROM session_roles r))
