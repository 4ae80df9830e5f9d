-- purpose: The least and the greatest value of one column, which tell whether it holds texts, numbers or both: SQLite sorts by kind first.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT typeof(v.low) AS low_type, typeof(v.high) AS high_type,
       CASE WHEN typeof(v.low) IN ('integer', 'real') THEN v.low END AS low,
       CASE WHEN typeof(v.high) IN ('integer', 'real') THEN v.high END AS high
  FROM (SELECT (SELECT min({column}) FROM {table}) AS low, (SELECT max({column}) FROM {table}) AS high) AS v;
