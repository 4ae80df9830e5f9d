-- purpose: The source of a package of a strategy in the account's own schema, line by line.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT s.type AS kind, s.line, s.text
  FROM user_source s
 WHERE s.name = :name
   AND s.type IN ('PACKAGE', 'PACKAGE BODY')
 ORDER BY s.type, s.line
