-- purpose: The samples of one table that a library built with SQLITE_ENABLE_STAT4 gathered; kept so that they can be put back.
-- needs: read access to the file
-- licence: none
-- since: 3.8.1
SELECT CAST(idx AS TEXT) AS index_name,
       CAST(neq AS TEXT) AS neq,
       CAST(nlt AS TEXT) AS nlt,
       CAST(ndlt AS TEXT) AS ndlt,
       hex(sample) AS sample
  FROM sqlite_stat4
 WHERE tbl = :table
 ORDER BY rowid;
