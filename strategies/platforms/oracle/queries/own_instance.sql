-- purpose: The number of the instance that the asking session is with.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT TO_NUMBER(SYS_CONTEXT('USERENV', 'INSTANCE')) AS instance
  FROM dual
