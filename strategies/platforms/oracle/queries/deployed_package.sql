-- purpose: Whether a package of a strategy is in the account's own schema, and whether its parts are valid.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type AS kind, o.status
  FROM user_objects o
 WHERE o.object_name = :name
   AND o.object_type IN ('PACKAGE', 'PACKAGE BODY')
 ORDER BY o.object_type
