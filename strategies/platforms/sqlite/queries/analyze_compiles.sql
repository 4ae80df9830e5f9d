-- purpose: Compiles ANALYZE of one table without running it, to learn whether a collation is missing here.
-- needs: read access to the file
-- licence: none
-- since: 3.0
EXPLAIN ANALYZE {table};
