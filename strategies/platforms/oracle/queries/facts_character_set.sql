-- purpose: The character set of the database.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT n.value AS character_set
  FROM nls_database_parameters n
 WHERE n.parameter = 'NLS_CHARACTERSET'
