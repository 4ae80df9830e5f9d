-- purpose: Why an object was compiled with errors.
-- needs: SELECT ON SYS.DBA_ERRORS
-- licence: none
-- since: 19
SELECT e.type, e.line, e.position, e.text
  FROM dba_errors e
 WHERE e.owner = NVL(:owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
   AND e.name = :name
   AND e.attribute = 'ERROR'
 ORDER BY e.type, e.sequence
