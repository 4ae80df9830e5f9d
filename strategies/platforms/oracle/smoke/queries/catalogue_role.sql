-- purpose: Objects of SYS that SELECT_CATALOG_ROLE may read; none where the account does not have this role.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT DISTINCT p.table_name AS name
  FROM role_tab_privs p
 WHERE p.role = 'SELECT_CATALOG_ROLE'
   AND p.owner = 'SYS'
   AND p.privilege IN ('SELECT', 'READ')
