-- purpose: Tables whose statistics are gathered incrementally, are kept pending or have a limit of their own, by their own preference.
-- needs: SELECT ON SYS.DBA_TAB_STAT_PREFS
-- licence: none
-- since: 19
SELECT p.owner, p.table_name, p.preference_name, p.preference_value
  FROM dba_tab_stat_prefs p
 WHERE p.preference_name IN ('INCREMENTAL', 'PUBLISH', 'STALE_PERCENT')
   AND (:owner IS NULL OR (p.owner = :owner AND p.table_name = :table_name))
