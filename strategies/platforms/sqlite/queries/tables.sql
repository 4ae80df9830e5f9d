-- purpose: Ordinary tables, or the one of a name. Left out: SQLite's own, virtual tables, and the shadow tables that full-text and R-tree modules manage themselves.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
WITH shadow(part) AS (
    VALUES ('data'), ('idx'), ('content'), ('docsize'), ('config'),  -- FTS5
           ('segments'), ('segdir'), ('stat'),                       -- FTS3, FTS4
           ('node'), ('parent'), ('rowid')                           -- R-tree, Geopoly
)
SELECT t.name
  FROM sqlite_master AS t
 WHERE t.type = 'table'
   AND t.rootpage > 0
   AND (:table IS NULL OR t.name = :table)
   AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
   AND t.name COLLATE NOCASE NOT IN (SELECT v.name || '_' || shadow.part
                                       FROM sqlite_master AS v CROSS JOIN shadow
                                      WHERE v.type = 'table'
                                        AND coalesce(v.rootpage, 0) = 0)
 ORDER BY t.name;
