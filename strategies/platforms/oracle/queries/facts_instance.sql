-- purpose: The full version of the instance, and since when it runs.
-- needs: SELECT ON SYS.V_$INSTANCE
-- licence: none
-- since: 19
SELECT i.version_full, i.status, i.logins, i.startup_time, i.host_name
  FROM v$instance i
