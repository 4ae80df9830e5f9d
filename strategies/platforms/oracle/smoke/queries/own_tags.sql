-- purpose: What the asking session is marked with.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT SYS_CONTEXT('USERENV', 'MODULE') AS module, SYS_CONTEXT('USERENV', 'ACTION') AS action,
       SYS_CONTEXT('USERENV', 'CLIENT_INFO') AS client_info, SYS_CONTEXT('USERENV', 'CLIENT_IDENTIFIER') AS client_identifier
  FROM dual
