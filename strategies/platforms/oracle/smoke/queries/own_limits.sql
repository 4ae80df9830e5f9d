-- purpose: Whether the asking session may work in parallel: queries, changes of rows, and statements of DDL.
-- needs: SELECT ON SYS.V_$SESSION
-- licence: none
-- since: 19
SELECT s.pq_status, s.pdml_status, s.pddl_status
  FROM v$session s
 WHERE s.sid = TO_NUMBER(SYS_CONTEXT('USERENV', 'SID'))
