-- purpose: Whether a package that implements a strategy is valid, and when it was compiled last.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type AS kind, o.status, TO_CHAR(o.last_ddl_time, 'YYYY-MM-DD HH24:MI:SS') AS compiled_at
  FROM all_objects o
 WHERE o.owner = :owner
   AND o.object_name = :name
   AND o.object_type IN ('PACKAGE', 'PACKAGE BODY')
 ORDER BY o.object_type
