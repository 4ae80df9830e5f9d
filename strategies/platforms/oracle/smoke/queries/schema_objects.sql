-- purpose: Everything that the account's own schema holds, but for what lies in the recycle bin.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type, o.object_name, o.status
  FROM user_objects o
 WHERE o.object_name NOT LIKE 'BIN$%'
 ORDER BY o.object_type, o.object_name
