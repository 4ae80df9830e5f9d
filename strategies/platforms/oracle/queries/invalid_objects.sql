-- purpose: Objects that have to be compiled before they can be used; or those of one name.
-- needs: SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT o.owner, o.object_name, o.object_type, TO_CHAR(o.last_ddl_time, 'YYYY-MM-DD HH24:MI:SS') AS last_changed
  FROM dba_objects o
  JOIN dba_users u
    ON u.username = o.owner
   AND u.oracle_maintained = 'N'
 WHERE o.status = 'INVALID'
   AND o.object_name NOT LIKE 'BIN$%'
   AND (:owner IS NULL OR (o.owner = :owner AND o.object_name = :object_name))
 ORDER BY o.owner, o.object_name, o.object_type
