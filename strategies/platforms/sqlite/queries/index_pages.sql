-- purpose: Pages of one index and how full they are. Reads the index in full, and nothing else.
-- needs: read access to the file; a library built with SQLITE_ENABLE_DBSTAT_VTAB
-- licence: none
-- since: 3.31
SELECT count(*) AS pages,
       max(pgsize) AS page_size,
       total(ncell) AS entries,
       total(pagetype = 'overflow') AS overflow_pages,
       total(unused) AS unused_bytes,
       total(CASE pagetype WHEN 'leaf' THEN pgsize - unused - 8
                           WHEN 'internal' THEN pgsize - unused - 12 - 4 * ncell
                           ELSE 0 END) AS entry_bytes
  FROM dbstat
 WHERE name = :index;
