-- purpose: What time it is by the clock of the database, in UTC.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS') AS now_utc
  FROM dual
