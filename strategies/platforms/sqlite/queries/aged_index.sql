-- purpose: Whether an index of one table begins with a column, so that old rows are found without reading the whole table.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT EXISTS (SELECT 1
                 FROM pragma_index_list(:table, 'main') AS i
                 JOIN pragma_index_info(i.name, 'main') AS c
                WHERE c.seqno = 0
                  AND c.name = :column
                  AND i.partial = 0) AS has_index;
