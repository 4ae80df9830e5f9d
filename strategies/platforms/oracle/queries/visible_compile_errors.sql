-- purpose: Why an object was compiled with errors, of those objects that the account itself may see.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT e.type, e.line, e.position, e.text
  FROM all_errors e
 WHERE e.owner = NVL(:owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
   AND e.name = :name
   AND e.attribute = 'ERROR'
 ORDER BY e.type, e.sequence
