-- purpose: Constraints of tables that are switched off, or were never compared with all rows; of one table, or of all.
-- needs: SELECT ON SYS.DBA_CONSTRAINTS, SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT c.owner, c.table_name, c.constraint_name, c.constraint_type, c.status, c.validated, c.rely, c.index_name
  FROM dba_constraints c
  JOIN dba_tables t
    ON t.owner = c.owner
   AND t.table_name = c.table_name
   AND NVL(t.dropped, 'NO') = 'NO'
  JOIN dba_users u
    ON u.username = c.owner
   AND u.oracle_maintained = 'N'
 WHERE (c.status = 'DISABLED' OR c.validated = 'NOT VALIDATED')
   AND c.constraint_type IN ('P', 'U', 'R', 'C')
   AND (:owner IS NULL OR (c.owner = :owner AND c.table_name = :table_name))
 ORDER BY c.owner, c.table_name, c.constraint_name
