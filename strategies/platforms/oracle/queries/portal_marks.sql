-- purpose: Tables that together mark a schema of a portal's own; both are there, or it is no portal's.
-- needs: SELECT ON SYS.DBA_TABLES
-- licence: none
-- since: 19
SELECT t.table_name
  FROM dba_tables t
 WHERE t.owner = :owner
   AND t.table_name IN ('PORTAL_INSTALLATION', 'DJANGO_MIGRATIONS')
   AND NVL(t.dropped, 'NO') = 'NO'
