-- purpose: The day on which what is kept begins, by the clock of the database, in UTC.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT TO_CHAR(TRUNC(SYS_EXTRACT_UTC(SYSTIMESTAMP)) - :days, 'YYYY-MM-DD') AS cutoff_on
  FROM dual
