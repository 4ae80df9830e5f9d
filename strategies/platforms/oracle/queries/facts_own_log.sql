-- purpose: Whether the account's schema has a log of its own that strategies in this database write into.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT c.table_name
  FROM user_tab_comments c
 WHERE c.table_name = 'GENERIC_OPERATION_LOG'
   AND c.comments LIKE 'maintenance-portal:%'
