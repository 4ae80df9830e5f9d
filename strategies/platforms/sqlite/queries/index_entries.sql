-- purpose: Number of entries of one index, counted page by page after a rebuild.
-- needs: read access to the file; a library built with SQLITE_ENABLE_DBSTAT_VTAB
-- licence: none
-- since: 3.31
SELECT sum(ncell) AS rows FROM dbstat WHERE name = :index;
