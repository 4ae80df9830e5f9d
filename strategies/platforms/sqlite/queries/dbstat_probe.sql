-- purpose: Finds out whether SQLite can tell the space of each index; reads nothing.
-- needs: a library built with SQLITE_ENABLE_DBSTAT_VTAB
-- licence: none
-- since: 3.31
SELECT path, pageno, pagetype, ncell, unused, pgsize FROM dbstat LIMIT 0;
