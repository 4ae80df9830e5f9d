-- purpose: Indexes outside Oracle's own schemas that are unusable, disabled, failed or hold orphaned entries; or all that were named.
-- needs: SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_CONSTRAINTS
-- licence: none
-- since: 19
SELECT i.owner, i.index_name, i.table_owner, i.table_name, RTRIM(i.table_type) AS table_type, i.index_type, i.uniqueness, i.status,
       i.degree, i.instances, i.partitioned, i.temporary, i.visibility, i.indexing, i.join_index,
       i.funcidx_status, i.domidx_status, i.domidx_opstatus, i.orphaned_entries, i.tablespace_name,
       o.object_id, o.data_object_id, t.object_id AS table_object_id,
       TO_CHAR(i.last_analyzed, 'YYYY-MM-DD HH24:MI:SS') AS last_analyzed,
       (SELECT COUNT(*)
          FROM dba_constraints c
         WHERE NVL(c.index_owner, c.owner) = i.owner
           AND c.index_name = i.index_name) AS constraints_backed
  FROM dba_indexes i
  JOIN dba_users u
    ON u.username = i.owner
   AND u.oracle_maintained = 'N'
  LEFT JOIN dba_objects o
    ON o.owner = i.owner
   AND o.object_name = i.index_name
   AND o.object_type = 'INDEX'
  LEFT JOIN dba_objects t
    ON t.owner = i.table_owner
   AND t.object_name = i.table_name
   AND t.object_type = RTRIM(i.table_type)
 WHERE NVL(i.dropped, 'NO') = 'NO'
   AND i.index_type <> 'LOB'
   AND (:owner IS NULL OR (i.owner = :owner AND i.index_name = :index_name)
        OR (i.table_owner = :owner AND i.table_name = :table_name))
   AND (:everything = 1
        OR i.status = 'UNUSABLE'
        OR i.funcidx_status = 'DISABLED'
        OR i.domidx_status = 'IDXTYP_INVLD'
        OR i.domidx_opstatus = 'FAILED'
        OR (i.orphaned_entries = 'YES' AND i.partitioned = 'NO'))
