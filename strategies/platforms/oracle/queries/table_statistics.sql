-- purpose: Tables, partitions and subpartitions whose statistics are missing, stale or have changes behind them; or all those of one table.
-- needs: SELECT ON SYS.DBA_TAB_STATISTICS, SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_TAB_MODIFICATIONS, SELECT ON SYS.DBA_TAB_PARTITIONS, SELECT ON SYS.DBA_TAB_SUBPARTITIONS
-- licence: none
-- since: 19
SELECT s.owner, s.table_name, s.object_type AS part_level,
       CASE s.object_type WHEN 'PARTITION' THEN s.partition_name WHEN 'SUBPARTITION' THEN s.subpartition_name END AS part_name,
       s.num_rows, TO_CHAR(s.last_analyzed, 'YYYY-MM-DD HH24:MI:SS') AS last_analyzed, s.stale_stats, s.stattype_locked,
       s.user_stats, t.partitioned, NVL(sp.segment_created, NVL(tp.segment_created, t.segment_created)) AS segment_created,
       m.inserts, m.updates, m.deletes, m.truncated
  FROM dba_tab_statistics s
  JOIN dba_tables t
    ON t.owner = s.owner
   AND t.table_name = s.table_name
  JOIN dba_users u
    ON u.username = s.owner
   AND u.oracle_maintained = 'N'
  LEFT JOIN dba_tab_partitions tp
    ON s.object_type = 'PARTITION'
   AND tp.table_owner = s.owner
   AND tp.table_name = s.table_name
   AND tp.partition_name = s.partition_name
  LEFT JOIN dba_tab_subpartitions sp
    ON s.object_type = 'SUBPARTITION'
   AND sp.table_owner = s.owner
   AND sp.table_name = s.table_name
   AND sp.subpartition_name = s.subpartition_name
  LEFT JOIN dba_tab_modifications m
    ON m.table_owner = s.owner
   AND m.table_name = s.table_name
   AND (m.partition_name = s.partition_name OR (m.partition_name IS NULL AND s.partition_name IS NULL))
   AND (m.subpartition_name = s.subpartition_name OR (m.subpartition_name IS NULL AND s.subpartition_name IS NULL))
 WHERE s.object_type IN ('TABLE', 'PARTITION', 'SUBPARTITION')
   AND s.scope = 'SHARED'
   AND t.temporary = 'N'
   AND NVL(t.external, 'NO') = 'NO'
   AND NVL(t.dropped, 'NO') = 'NO'
   AND t.iot_name IS NULL
   AND s.table_name NOT LIKE 'SYS\_JOURNAL\_%' ESCAPE '\'
   AND (:owner IS NULL OR (s.owner = :owner AND s.table_name = :table_name))
   AND (:everything = 1 OR s.last_analyzed IS NULL OR s.stale_stats = 'YES' OR m.table_name IS NOT NULL)
 ORDER BY s.owner, s.table_name, s.partition_position NULLS FIRST, s.subpartition_position NULLS FIRST
