-- purpose: Load and processors of the host.
-- needs: SELECT ON SYS.V_$OSSTAT
-- licence: none
-- since: 19
SELECT o.stat_name, o.value
  FROM v$osstat o
 WHERE o.stat_name IN ('NUM_CPUS', 'BUSY_TIME', 'IDLE_TIME', 'PHYSICAL_MEMORY_BYTES')
