-- purpose: Visible plain indexes of people's own that back no constraint, begin with no column of a foreign key, and were not used for some days.
-- needs: SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_INDEX_USAGE, SELECT ON SYS.DBA_CONSTRAINTS, SELECT ON SYS.DBA_CONS_COLUMNS, SELECT ON SYS.DBA_IND_COLUMNS
-- licence: none
-- since: 19
SELECT i.owner, i.index_name, i.table_owner, i.table_name, RTRIM(i.table_type) AS table_type, i.index_type, i.uniqueness,
       i.degree, i.instances, i.tablespace_name, o.object_id, o.data_object_id,
       TO_CHAR(o.created, 'YYYY-MM-DD') AS created_on,
       TO_CHAR(g.last_used, 'YYYY-MM-DD') AS last_used_on, NVL(g.total_access_count, 0) AS accesses
  FROM dba_indexes i
  JOIN dba_users u
    ON u.username = i.owner
   AND u.oracle_maintained = 'N'
  JOIN dba_objects o
    ON o.owner = i.owner
   AND o.object_name = i.index_name
   AND o.object_type = 'INDEX'
  LEFT JOIN dba_index_usage g
    ON g.object_id = o.object_id
 WHERE NVL(i.dropped, 'NO') = 'NO'
   AND i.uniqueness = 'NONUNIQUE'
   AND i.index_type = 'NORMAL'
   AND RTRIM(i.table_type) = 'TABLE'
   AND i.temporary = 'N'
   AND i.secondary = 'N'
   AND i.index_name NOT LIKE 'SYS\_AI\_%' ESCAPE '\'
   AND i.visibility = 'VISIBLE'
   AND o.created < SYSDATE - :days
   AND (g.last_used IS NULL OR g.last_used < SYSDATE - :days)
   AND NOT EXISTS (SELECT 1
                     FROM dba_constraints c
                    WHERE NVL(c.index_owner, c.owner) = i.owner
                      AND c.index_name = i.index_name)
   AND NOT EXISTS (SELECT 1
                     FROM dba_constraints f
                     JOIN dba_cons_columns fc
                       ON fc.owner = f.owner
                      AND fc.constraint_name = f.constraint_name
                     JOIN dba_ind_columns ic
                       ON ic.table_owner = fc.owner
                      AND ic.table_name = fc.table_name
                      AND ic.column_name = fc.column_name
                    WHERE f.constraint_type = 'R'
                      AND f.owner = i.table_owner
                      AND f.table_name = i.table_name
                      AND ic.index_owner = i.owner
                      AND ic.index_name = i.index_name
                      AND ic.column_position = 1)
   AND (:owner IS NULL OR (i.owner = :owner AND i.index_name = :index_name)
        OR (i.table_owner = :owner AND i.table_name = :table_name))
