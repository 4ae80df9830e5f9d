-- purpose: Journal tables of online index builds that run now or were interrupted, and the index or partition each belongs to.
-- needs: SELECT ON SYS.DBA_OBJECTS, SELECT ON SYS.DBA_INDEXES, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT j.owner AS journal_owner, j.object_name AS journal_name, j.object_id AS journal_object_id,
       i.owner, i.index_name, i.table_owner, i.table_name, RTRIM(i.table_type) AS table_type, x.subobject_name AS part_name,
       CASE x.object_type WHEN 'INDEX' THEN NULL ELSE SUBSTR(x.object_type, 7) END AS part_level,
       x.object_id, t.object_id AS table_object_id
  FROM dba_objects j
  JOIN dba_objects x
    ON TO_CHAR(x.object_id) = SUBSTR(j.object_name, 13)
   AND x.object_type IN ('INDEX', 'INDEX PARTITION', 'INDEX SUBPARTITION')
  JOIN dba_indexes i
    ON i.owner = x.owner
   AND i.index_name = x.object_name
  JOIN dba_users u
    ON u.username = i.owner
   AND u.oracle_maintained = 'N'
  LEFT JOIN dba_objects t
    ON t.owner = i.table_owner
   AND t.object_name = i.table_name
   AND t.object_type = RTRIM(i.table_type)
 WHERE j.object_type = 'TABLE'
   AND j.object_name LIKE 'SYS\_JOURNAL\_%' ESCAPE '\'
   AND (:owner IS NULL OR (i.owner = :owner AND i.index_name = :index_name)
        OR (i.table_owner = :owner AND i.table_name = :table_name))
