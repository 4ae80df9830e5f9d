-- purpose: How full the disk groups of ASM are; without rows where there is none.
-- needs: SELECT ON SYS.V_$ASM_DISKGROUP_STAT
-- licence: none
-- since: 19
SELECT g.name, g.type, g.state, g.total_mb, g.free_mb, g.usable_file_mb, g.offline_disks
  FROM v$asm_diskgroup_stat g
