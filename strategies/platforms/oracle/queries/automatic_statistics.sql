-- purpose: Whether Oracle's own statistics job is on, whether one of its windows is open now, and when the next one opens.
-- needs: SELECT ON SYS.DBA_AUTOTASK_CLIENT, SELECT ON SYS.DBA_AUTOTASK_WINDOW_CLIENTS
-- licence: none
-- since: 19
SELECT c.status,
       (SELECT COUNT(*)
          FROM dba_autotask_window_clients w
         WHERE w.optimizer_stats = 'ENABLED'
           AND w.autotask_status = 'ENABLED') AS windows,
       (SELECT COUNT(*)
          FROM dba_autotask_window_clients w
         WHERE w.optimizer_stats = 'ENABLED'
           AND w.autotask_status = 'ENABLED'
           AND w.window_active = 'TRUE') AS open_windows,
       (SELECT TO_CHAR(SYS_EXTRACT_UTC(MIN(w.window_next_time)), 'YYYY-MM-DD HH24:MI')
          FROM dba_autotask_window_clients w
         WHERE w.optimizer_stats = 'ENABLED'
           AND w.autotask_status = 'ENABLED') AS next_utc
  FROM dba_autotask_client c
 WHERE c.client_name = 'auto optimizer stats collection'
