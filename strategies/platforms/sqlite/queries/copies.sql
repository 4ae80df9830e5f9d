-- purpose: Tables whose definition says that they are copies which BACKUP_MAINTENANCE made.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE '%/* Copy of % made by BACKUP_MAINTENANCE of %' ORDER BY name;
