-- purpose: Whether this pluggable database is open for changes; no row where it is none.
-- needs: SELECT ON SYS.V_$PDBS
-- licence: none
-- since: 19
SELECT p.open_mode, p.restricted
  FROM v$pdbs p
 WHERE p.con_id = TO_NUMBER(SYS_CONTEXT('USERENV', 'CON_ID'))
