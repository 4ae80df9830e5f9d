-- purpose: The statistics as last gathered: per table and index the number of entries and how many share a key; all, or those of one table.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT tbl AS table_name, CAST(idx AS TEXT) AS index_name, CAST(stat AS TEXT) AS stat
  FROM sqlite_stat1
 WHERE :table IS NULL OR tbl = :table
 ORDER BY rowid;
