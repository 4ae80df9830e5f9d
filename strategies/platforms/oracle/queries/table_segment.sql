-- purpose: Size of one table, partition or subpartition, and all that decides whether it can be shrunk or moved.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_SEGMENTS, SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_TAB_PARTITIONS, SELECT ON SYS.DBA_TAB_SUBPARTITIONS, SELECT ON SYS.DBA_TAB_COLS, SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_IND_PARTITIONS, SELECT ON SYS.DBA_IND_SUBPARTITIONS, SELECT ON SYS.DBA_LOBS, SELECT ON SYS.DBA_MVIEWS, SELECT ON SYS.DBA_MVIEW_DETAIL_RELATIONS, SELECT ON SYS.DBA_MVIEW_LOGS, SELECT ON SYS.DBA_OBJECTS
-- licence: none
-- since: 19
SELECT t.owner, t.table_name, s.partition_name, s.segment_type, s.tablespace_name, s.bytes AS size_bytes,
       RTRIM(t.row_movement) AS row_movement, t.iot_type, t.cluster_name, ts.segment_space_management,
       ts.status AS tablespace_status,
       CASE s.segment_type
         WHEN 'TABLE SUBPARTITION' THEN q."COMPRESSION"
         WHEN 'TABLE PARTITION' THEN p."COMPRESSION"
         ELSE t."COMPRESSION"
       END AS compression_state,
       (SELECT MAX(o.data_object_id)
          FROM dba_objects o
         WHERE o.owner = t.owner
           AND o.object_name = t.table_name
           AND o.object_type = s.segment_type
           AND (s.partition_name IS NULL OR o.subobject_name = s.partition_name)) AS data_object_id,
       (SELECT COUNT(*)
          FROM dba_tab_cols c
         WHERE c.owner = t.owner
           AND c.table_name = t.table_name
           AND c.data_type IN ('LONG', 'LONG RAW')) AS long_columns,
       (SELECT COUNT(*)
          FROM dba_tab_cols c
         WHERE c.owner = t.owner
           AND c.table_name = t.table_name
           AND c.data_type_owner IS NOT NULL) AS object_columns,
       (SELECT COUNT(*)
          FROM dba_lobs l
         WHERE l.owner = t.owner
           AND l.table_name = t.table_name
           AND l.securefile = 'YES') AS securefile_lobs,
       (SELECT COUNT(*)
          FROM dba_indexes i
         WHERE i.table_owner = t.owner
           AND i.table_name = t.table_name
           AND i.index_type LIKE 'FUNCTION-BASED%') AS function_indexes,
       (SELECT COUNT(*)
          FROM dba_indexes i
         WHERE i.table_owner = t.owner
           AND i.table_name = t.table_name
           AND i.join_index = 'YES') AS join_indexes,
       (SELECT COUNT(*)
          FROM dba_indexes i
         WHERE i.table_owner = t.owner
           AND i.table_name = t.table_name
           AND i.index_type LIKE '%DOMAIN') AS domain_indexes,
       (SELECT COUNT(*)
          FROM dba_indexes i
         WHERE i.table_owner = t.owner
           AND i.table_name = t.table_name
           AND i.status = 'UNUSABLE')
       + (SELECT COUNT(*)
            FROM dba_indexes i
            JOIN dba_ind_partitions ip
              ON ip.index_owner = i.owner
             AND ip.index_name = i.index_name
           WHERE i.table_owner = t.owner
             AND i.table_name = t.table_name
             AND ip.status = 'UNUSABLE')
       + (SELECT COUNT(*)
            FROM dba_indexes i
            JOIN dba_ind_subpartitions iq
              ON iq.index_owner = i.owner
             AND iq.index_name = i.index_name
           WHERE i.table_owner = t.owner
             AND i.table_name = t.table_name
             AND iq.status = 'UNUSABLE') AS unusable_indexes,
       (SELECT COUNT(*)
          FROM dba_mview_detail_relations d
          JOIN dba_mviews v
            ON v.owner = d.owner
           AND v.mview_name = d.mview_name
         WHERE d.detailobj_owner = t.owner
           AND d.detailobj_name = t.table_name
           AND v.refresh_mode IN ('COMMIT', 'STATEMENT')) AS on_commit_views,
       (SELECT COUNT(*)
          FROM dba_mview_logs g
         WHERE g.log_owner = t.owner
           AND g.master = t.table_name
           AND g.rowids = 'YES') AS rowid_logs
  FROM dba_tables t
  JOIN dba_segments s
    ON s.owner = t.owner
   AND s.segment_name = t.table_name
   AND s.segment_type IN ('TABLE', 'TABLE PARTITION', 'TABLE SUBPARTITION')
  JOIN dba_tablespaces ts
    ON ts.tablespace_name = s.tablespace_name
  LEFT JOIN dba_tab_partitions p
    ON p.table_owner = t.owner
   AND p.table_name = t.table_name
   AND p.partition_name = s.partition_name
   AND s.segment_type = 'TABLE PARTITION'
  LEFT JOIN dba_tab_subpartitions q
    ON q.table_owner = t.owner
   AND q.table_name = t.table_name
   AND q.subpartition_name = s.partition_name
   AND s.segment_type = 'TABLE SUBPARTITION'
 WHERE t.owner = :owner
   AND t.table_name = :table_name
   AND (s.partition_name = :part_name OR (s.partition_name IS NULL AND :part_name IS NULL))
