-- purpose: SQLite's own check of one table and its indexes: one row 'ok', or at most 100 problems. Reads the table and its indexes in full and looks up every row in every index.
-- needs: read access to the file, and every collation and function that the table's indexes use
-- licence: none
-- since: 3.33
SELECT integrity_check AS message FROM pragma_integrity_check(:table);
