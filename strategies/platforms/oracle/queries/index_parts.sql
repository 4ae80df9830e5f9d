-- purpose: Partitions and subpartitions of indexes that are unusable or hold orphaned entries; or all those of one index.
-- needs: SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_IND_PARTITIONS, SELECT ON SYS.DBA_IND_SUBPARTITIONS, SELECT ON SYS.DBA_PART_INDEXES, SELECT ON SYS.DBA_TAB_PARTITIONS, SELECT ON SYS.DBA_TAB_SUBPARTITIONS, SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_CONSTRAINTS
-- licence: none
-- since: 19
SELECT i.owner, i.index_name, i.table_owner, i.table_name, RTRIM(i.table_type) AS table_type, i.index_type, i.uniqueness,
       i.degree, i.instances, i.temporary, i.visibility, i.indexing, i.join_index, i.domidx_opstatus,
       p.part_level, p.part_name, p.status, p.orphaned_entries, p.tablespace_name,
       NVL(tp.indexing, ts.indexing) AS part_indexing,
       o.object_id, o.data_object_id, t.object_id AS table_object_id,
       (SELECT COUNT(*)
          FROM dba_constraints c
         WHERE NVL(c.index_owner, c.owner) = i.owner
           AND c.index_name = i.index_name) AS constraints_backed
  FROM (SELECT ip.index_owner, ip.index_name, 'PARTITION' AS part_level, ip.partition_name AS part_name, ip.status,
               ip.orphaned_entries, ip.tablespace_name, ip.partition_position, 0 AS subpartition_position
          FROM dba_ind_partitions ip
         WHERE ip.composite = 'NO'
         UNION ALL
        SELECT isp.index_owner, isp.index_name, 'SUBPARTITION', isp.subpartition_name, isp.status,
               'NO', isp.tablespace_name, isp.partition_position, isp.subpartition_position
          FROM dba_ind_subpartitions isp) p
  JOIN dba_indexes i
    ON i.owner = p.index_owner
   AND i.index_name = p.index_name
  JOIN dba_users u
    ON u.username = i.owner
   AND u.oracle_maintained = 'N'
  LEFT JOIN dba_part_indexes pi
    ON pi.owner = i.owner
   AND pi.index_name = i.index_name
  LEFT JOIN dba_tab_partitions tp
    ON pi.locality = 'LOCAL'
   AND p.subpartition_position = 0
   AND tp.table_owner = i.table_owner
   AND tp.table_name = i.table_name
   AND tp.partition_position = p.partition_position
  LEFT JOIN dba_tab_subpartitions ts
    ON pi.locality = 'LOCAL'
   AND ts.table_owner = i.table_owner
   AND ts.table_name = i.table_name
   AND ts.partition_position = p.partition_position
   AND ts.subpartition_position = p.subpartition_position
  LEFT JOIN dba_objects o
    ON o.owner = i.owner
   AND o.object_name = i.index_name
   AND o.subobject_name = p.part_name
   AND o.object_type = 'INDEX ' || p.part_level
  LEFT JOIN dba_objects t
    ON t.owner = i.table_owner
   AND t.object_name = i.table_name
   AND t.object_type = RTRIM(i.table_type)
 WHERE NVL(i.dropped, 'NO') = 'NO'
   AND i.index_type <> 'LOB'
   AND (:owner IS NULL OR (i.owner = :owner AND i.index_name = :index_name)
        OR (i.table_owner = :owner AND i.table_name = :table_name))
   AND (:part_name IS NULL OR p.part_name = :part_name)
   AND (:everything = 1 OR p.status = 'UNUSABLE' OR p.orphaned_entries = 'YES')
