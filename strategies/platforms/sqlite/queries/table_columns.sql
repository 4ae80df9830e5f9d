-- purpose: The columns of one table, generated ones included, in their order.
-- needs: read access to the file
-- licence: none
-- since: 3.26
SELECT name FROM pragma_table_xinfo(:table, 'main') WHERE hidden <> 1 ORDER BY cid;
