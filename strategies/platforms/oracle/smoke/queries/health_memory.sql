-- purpose: What the processes of the instance use of their memory.
-- needs: SELECT ON SYS.V_$PGASTAT
-- licence: none
-- since: 19
SELECT p.name, p.value, p.unit
  FROM v$pgastat p
