-- purpose: Whether the account has tables of its own.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT t.table_name
  FROM user_tables t
 WHERE ROWNUM = 1
