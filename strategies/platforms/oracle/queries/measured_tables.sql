-- purpose: Tables that can be measured, with the rows that their statistics tell, the largest first; or one of them.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT t.owner, t.table_name, t.num_rows
  FROM dba_tables t
  JOIN dba_users u
    ON u.username = t.owner
   AND u.oracle_maintained = 'N'
 WHERE t.temporary = 'N'
   AND t.nested = 'NO'
   AND t.iot_name IS NULL
   AND NVL(t.external, 'NO') = 'NO'
   AND NVL(t.dropped, 'NO') = 'NO'
   AND (:owner IS NULL OR (t.owner = :owner AND t.table_name = :table_name))
 ORDER BY t.num_rows DESC NULLS LAST, t.owner, t.table_name
