-- purpose: The database's own time, since when earlier statistics can be restored, and the preferences of tables that have none.
-- needs: EXECUTE ON SYS.DBMS_STATS
-- licence: none
-- since: 19
SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF6') AS now_utc,
       TO_CHAR(SYS_EXTRACT_UTC(DBMS_STATS.GET_STATS_HISTORY_AVAILABILITY), 'YYYY-MM-DD HH24:MI:SS.FF6') AS restorable_from_utc,
       DBMS_STATS.GET_STATS_HISTORY_RETENTION AS retention_days,
       DBMS_STATS.GET_PREFS('PUBLISH') AS publish,
       DBMS_STATS.GET_PREFS('INCREMENTAL') AS incremental
  FROM dual
