-- purpose: The state and the degree of one index of the account.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT i.status, TRIM(i.degree) AS degree, TRIM(i.instances) AS instances, i.visibility
  FROM user_indexes i
 WHERE i.index_name = :index_name
