-- purpose: Number of rows of one table that a condition on their age finds, counted up to a limit.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT COUNT(*) AS row_count
  FROM {table} t
 WHERE {condition}
   AND ROWNUM <= :most
