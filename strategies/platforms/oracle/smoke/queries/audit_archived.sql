-- purpose: Up to when each audit trail was archived, with the zone in which that is kept.
-- needs: SELECT ON SYS.DBA_AUDIT_MGMT_LAST_ARCH_TS
-- licence: none
-- since: 19
SELECT a.audit_trail, TO_CHAR(a.last_archive_ts, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS archived_to,
       TO_CHAR(a.last_archive_ts, 'TZH:TZM') AS zone
  FROM dba_audit_mgmt_last_arch_ts a
