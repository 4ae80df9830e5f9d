-- purpose: Triggers that fire when rows of one table are deleted.
-- needs: SELECT ON SYS.DBA_TRIGGERS
-- licence: none
-- since: 19
SELECT g.owner, g.trigger_name
  FROM dba_triggers g
 WHERE g.table_owner = :owner
   AND g.table_name = :table_name
   AND g.status = 'ENABLED'
   AND g.triggering_event LIKE '%DELETE%'
 ORDER BY g.owner, g.trigger_name
