-- purpose: Whether the rows of one table have numbers; compiling this fails for one WITHOUT ROWID.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT {key} AS number FROM {table} LIMIT 0;
