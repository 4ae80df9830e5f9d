-- purpose: Foreign keys in use that refer to one table, and what they do when its rows are deleted.
-- needs: SELECT ON SYS.DBA_CONSTRAINTS
-- licence: none
-- since: 19
SELECT r.owner, r.table_name, r.delete_rule
  FROM dba_constraints k
  JOIN dba_constraints r
    ON r.r_owner = k.owner
   AND r.r_constraint_name = k.constraint_name
   AND r.constraint_type = 'R'
   AND r.status = 'ENABLED'
 WHERE k.owner = :owner
   AND k.table_name = :table_name
   AND k.constraint_type IN ('P', 'U')
 ORDER BY r.owner, r.table_name, r.constraint_name
