-- purpose: Tables of an account whose comment says that they are copies which BACKUP_MAINTENANCE made.
-- needs: SELECT ON SYS.DBA_TAB_COMMENTS
-- licence: none
-- since: 19
SELECT c.table_name, c.comments
  FROM dba_tab_comments c
 WHERE c.owner = :owner
   AND c.table_type = 'TABLE'
   AND c.comments LIKE 'Copy of % made by BACKUP\_MAINTENANCE of %' ESCAPE '\'
 ORDER BY c.table_name
