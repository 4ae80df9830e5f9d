-- purpose: Whether the database is open for changes, its role, and whether it keeps archived and flashback logs.
-- needs: SELECT ON SYS.V_$DATABASE
-- licence: none
-- since: 19
SELECT d.name, d.open_mode, d.database_role, d.log_mode, d.flashback_on, d.force_logging, d.cdb
  FROM v$database d
