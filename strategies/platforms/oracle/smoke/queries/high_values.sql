-- purpose: The upper bounds of some partitions, which are of the type LONG.
-- needs: SELECT ON SYS.DBA_TAB_PARTITIONS
-- licence: none
-- since: 19
SELECT p.table_owner, p.table_name, p.partition_name, p.high_value
  FROM dba_tab_partitions p
 WHERE ROWNUM <= 20
