-- purpose: Whether the automatic task of the segment advisor is on.
-- needs: SELECT ON SYS.DBA_AUTOTASK_CLIENT
-- licence: none
-- since: 19
SELECT c.status
  FROM dba_autotask_client c
 WHERE c.client_name = 'auto space advisor'
