-- purpose: Triggers that are switched off; those of one table, or of all.
-- needs: SELECT ON SYS.DBA_TRIGGERS, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT t.owner, t.trigger_name, t.table_owner, t.table_name
  FROM dba_triggers t
  JOIN dba_users u
    ON u.username = t.owner
   AND u.oracle_maintained = 'N'
 WHERE t.status = 'DISABLED'
   AND t.trigger_name NOT LIKE 'BIN$%'
   AND (:owner IS NULL OR (t.table_owner = :owner AND t.table_name = :table_name))
 ORDER BY t.owner, t.trigger_name
