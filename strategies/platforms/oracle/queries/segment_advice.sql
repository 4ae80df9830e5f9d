-- purpose: What the database's own segment advisor recommends to shrink; it looks at night, where its automatic task is on.
-- needs: EXECUTE ON SYS.DBMS_SPACE, ANALYZE ANY, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT a.segment_owner AS owner, a.segment_name, a.segment_type, a.partition_name,
       a.allocated_space AS allocated_bytes, a.used_space AS used_bytes, a.reclaimable_space AS reclaimable_bytes
  FROM TABLE(DBMS_SPACE.ASA_RECOMMENDATIONS('TRUE', 'FALSE', 'FALSE')) a
 WHERE a.segment_owner NOT IN (SELECT u.username FROM dba_users u WHERE u.oracle_maintained = 'Y')
   AND (:owner IS NULL OR (a.segment_owner = :owner AND a.segment_name = :table_name))
 ORDER BY a.segment_owner, a.segment_name, a.partition_name
