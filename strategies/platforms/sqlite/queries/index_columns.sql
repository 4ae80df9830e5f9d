-- purpose: Columns and collations of one index, to look for rows that a unique index must not hold. No name = an expression.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT name, coll AS collation FROM pragma_index_xinfo(:index) WHERE "key" ORDER BY seqno;
