-- purpose: Columns of one table, with what they take part in: the key, or an expression that fills them.
-- needs: read access to the file
-- licence: none
-- since: 3.26
SELECT c.name, c.type, c.pk, c.hidden
  FROM pragma_table_xinfo(:table, 'main') AS c
 ORDER BY c.cid;
