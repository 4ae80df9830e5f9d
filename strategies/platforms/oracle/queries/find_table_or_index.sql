-- purpose: The table or index that a person named; without an owner it is looked for in the schema of the session.
-- needs: SELECT ON SYS.DBA_OBJECTS
-- licence: none
-- since: 19
SELECT o.owner, o.object_type
  FROM dba_objects o
 WHERE o.owner = NVL(:owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
   AND o.object_name = :name
   AND o.object_type IN ('TABLE', 'INDEX')
