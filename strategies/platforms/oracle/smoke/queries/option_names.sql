-- purpose: The names of all options that the database knows.
-- needs: SELECT ON SYS.V_$OPTION
-- licence: none
-- since: 19
SELECT o.parameter AS name, o.value
  FROM v$option o
