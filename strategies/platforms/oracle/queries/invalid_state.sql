-- purpose: How many indexes, or parts of them, are unusable and how many objects are invalid outside Oracle's own schemas.
-- needs: SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_IND_PARTITIONS, SELECT ON SYS.DBA_IND_SUBPARTITIONS, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT COUNT(CASE WHEN x.kind = 'OBJECT' THEN 1 END) AS invalid_objects,
       COUNT(CASE WHEN x.kind = 'INDEX' THEN 1 END) AS unusable_indexes
  FROM (SELECT 'OBJECT' AS kind, o.owner
          FROM dba_objects o
         WHERE o.status = 'INVALID'
           AND o.object_name NOT LIKE 'BIN$%'
         UNION ALL
        SELECT 'INDEX', i.owner
          FROM dba_indexes i
         WHERE i.status = 'UNUSABLE'
           AND NVL(i.dropped, 'NO') = 'NO'
         UNION ALL
        SELECT 'INDEX', p.index_owner
          FROM dba_ind_partitions p
          JOIN dba_indexes i
            ON i.owner = p.index_owner
           AND i.index_name = p.index_name
         WHERE p.status = 'UNUSABLE'
           AND i.indexing = 'FULL'
         UNION ALL
        SELECT 'INDEX', s.index_owner
          FROM dba_ind_subpartitions s
          JOIN dba_indexes i
            ON i.owner = s.index_owner
           AND i.index_name = s.index_name
         WHERE s.status = 'UNUSABLE'
           AND i.indexing = 'FULL') x
  JOIN dba_users u
    ON u.username = x.owner
   AND u.oracle_maintained = 'N'
