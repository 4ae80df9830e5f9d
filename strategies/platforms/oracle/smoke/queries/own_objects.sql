-- purpose: Objects of the account whose names begin with certain letters.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type, o.object_name
  FROM user_objects o
 WHERE SUBSTR(o.object_name, 1, LENGTH(:prefix)) = :prefix
   AND o.object_type IN ('TABLE', 'PROCEDURE', 'JOB', 'CREDENTIAL')
 ORDER BY o.object_type, o.object_name
