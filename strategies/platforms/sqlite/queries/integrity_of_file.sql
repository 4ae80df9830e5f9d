-- purpose: The same check of the whole file, where the check of a table cannot be used or broke off at its 100th problem. Reads everything.
-- needs: read access to the file, and every collation and function that its indexes use
-- licence: none
-- since: 3.16
SELECT integrity_check AS message FROM pragma_integrity_check(100000);
