-- purpose: What the statistics say of large plain indexes of heap tables: blocks, entries, and the width of their columns.
-- needs: SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_IND_COLUMNS, SELECT ON SYS.DBA_TAB_COL_STATISTICS, SELECT ON SYS.DBA_TAB_STATISTICS, SELECT ON SYS.DBA_TAB_MODIFICATIONS
-- licence: none
-- since: 19
SELECT i.owner, i.index_name, i.table_owner, i.table_name, RTRIM(i.table_type) AS table_type, i.index_type, i.uniqueness, i.status,
       i.degree, i.instances, i.partitioned, i.temporary, i.join_index, i.tablespace_name,
       i.leaf_blocks, i.num_rows, i.pct_free, i.ini_trans, ts.block_size,
       TO_CHAR(i.last_analyzed, 'YYYY-MM-DD HH24:MI:SS') AS last_analyzed,
       o.object_id, o.data_object_id, t.object_id AS table_object_id,
       w.columns_counted, w.columns_known, w.width_bytes,
       b.num_rows AS table_rows, b.partitioned AS table_partitioned, s.stale_stats, s.stattype_locked,
       NVL(m.inserts, 0) + NVL(m.updates, 0) + NVL(m.deletes, 0) AS changed_rows, m.truncated
  FROM dba_indexes i
  JOIN dba_users u
    ON u.username = i.owner
   AND u.oracle_maintained = 'N'
  JOIN dba_tables b
    ON b.owner = i.table_owner
   AND b.table_name = i.table_name
   AND b.iot_type IS NULL
  JOIN dba_tablespaces ts
    ON ts.tablespace_name = i.tablespace_name
  JOIN (SELECT ic.index_owner, ic.index_name, COUNT(*) AS columns_counted, COUNT(tc.avg_col_len) AS columns_known,
               SUM(tc.avg_col_len) AS width_bytes
          FROM dba_ind_columns ic
          LEFT JOIN dba_tab_col_statistics tc
            ON tc.owner = ic.table_owner
           AND tc.table_name = ic.table_name
           AND tc.column_name = ic.column_name
           AND NVL(tc.notes, 'none') NOT LIKE '%CONVENTIONAL%'
         GROUP BY ic.index_owner, ic.index_name) w
    ON w.index_owner = i.owner
   AND w.index_name = i.index_name
  JOIN dba_objects o
    ON o.owner = i.owner
   AND o.object_name = i.index_name
   AND o.object_type = 'INDEX'
  JOIN dba_objects t
    ON t.owner = i.table_owner
   AND t.object_name = i.table_name
   AND t.object_type = RTRIM(i.table_type)
  LEFT JOIN (SELECT d.owner, d.table_name, MAX(d.stale_stats) AS stale_stats, MAX(d.stattype_locked) AS stattype_locked
               FROM dba_tab_statistics d
              WHERE d.object_type = 'TABLE'
              GROUP BY d.owner, d.table_name) s
    ON s.owner = i.table_owner
   AND s.table_name = i.table_name
  LEFT JOIN dba_tab_modifications m
    ON m.table_owner = i.table_owner
   AND m.table_name = i.table_name
   AND m.partition_name IS NULL
 WHERE NVL(i.dropped, 'NO') = 'NO'
   AND i.status = 'VALID'
   AND i.index_type = 'NORMAL'
   AND RTRIM(i.table_type) = 'TABLE'
   AND i.compression = 'DISABLED'
   AND i.partitioned = 'NO'
   AND i.temporary = 'N'
   AND (i.visibility = 'VISIBLE' OR i.uniqueness = 'UNIQUE')
   AND i.leaf_blocks * ts.block_size >= :least_bytes
   AND (:owner IS NULL OR (i.owner = :owner AND i.index_name = :index_name)
        OR (i.table_owner = :owner AND i.table_name = :table_name))
