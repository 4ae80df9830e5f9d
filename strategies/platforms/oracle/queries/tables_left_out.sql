-- purpose: How many tables cannot be validated while others write, or not without a table to list rows in, and how many are of objects.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_OBJECT_TABLES, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT r.partitioned, r.clustered, r.index_organized, r.external, r.nested, o.of_objects
  FROM (SELECT COUNT(CASE WHEN t.partitioned = 'YES' AND NVL(t.external, 'NO') = 'NO' THEN 1 END) AS partitioned,
               COUNT(CASE WHEN t.cluster_name IS NOT NULL THEN 1 END) AS clustered,
               COUNT(CASE WHEN t.iot_type = 'IOT' AND t.partitioned = 'NO' THEN 1 END) AS index_organized,
               COUNT(CASE WHEN t.external = 'YES' THEN 1 END) AS external,
               COUNT(CASE WHEN t.nested = 'YES' AND t.partitioned = 'NO' THEN 1 END) AS nested
          FROM dba_tables t
          JOIN dba_users u
            ON u.username = t.owner
           AND u.oracle_maintained = 'N'
         WHERE t.temporary = 'N'
           AND NVL(t.dropped, 'NO') = 'NO'
           AND (:owner IS NULL OR (t.owner = :owner AND t.table_name = :table_name))) r
 CROSS JOIN (SELECT COUNT(*) AS of_objects
               FROM dba_object_tables t
               JOIN dba_users u
                 ON u.username = t.owner
                AND u.oracle_maintained = 'N'
              WHERE t.temporary = 'N'
                AND NVL(t.dropped, 'NO') = 'NO'
                AND (:owner IS NULL OR (t.owner = :owner AND t.table_name = :table_name))) o
