-- purpose: Everything that the account's own schema holds, but for the recycle bin and sequences of identity columns, which go with their tables.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type, o.object_name, o.status
  FROM user_objects o
 WHERE o.object_name NOT LIKE 'BIN$%'
   AND o.object_name NOT LIKE 'ISEQ$$%'
   AND o.object_name NOT LIKE 'SYS_PLSQL%'
 ORDER BY o.object_type, o.object_name
