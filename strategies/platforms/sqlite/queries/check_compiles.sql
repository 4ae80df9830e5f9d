-- purpose: Whether the check of one table can run here: it is compiled, and not run.
-- needs: read access to the file
-- licence: none
-- since: 3.16
EXPLAIN PRAGMA "main".integrity_check({table})
