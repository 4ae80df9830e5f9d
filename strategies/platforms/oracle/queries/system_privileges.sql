-- purpose: System privileges of the session, those of its roles included.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT p.privilege
  FROM session_privs p
