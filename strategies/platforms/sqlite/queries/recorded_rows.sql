-- purpose: Number of rows that ANALYZE recorded for one table.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT max(CAST(stat AS INTEGER)) AS rows FROM sqlite_stat1 WHERE tbl = :table;
