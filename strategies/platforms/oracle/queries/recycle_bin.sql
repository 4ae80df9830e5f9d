-- purpose: Dropped tables that lie in the recycle bins for longer than a number of days, and how much space each takes with its indexes; or the one of a name.
-- needs: SELECT ON SYS.DBA_RECYCLEBIN, SELECT ON SYS.DBA_TABLESPACES, SELECT ON SYS.DBA_USERS
-- licence: none
-- since: 19
SELECT r.owner, r.object_name, r.original_name, r.droptime AS dropped_text,
       FLOOR(SYSDATE - TO_DATE(r.droptime, 'YYYY-MM-DD:HH24:MI:SS')) AS age_days,
       (SELECT SUM(x.space * t.block_size)
          FROM dba_recyclebin x
          JOIN dba_tablespaces t
            ON t.tablespace_name = x.ts_name
         WHERE x.owner = r.owner
           AND x.base_object = r.base_object) AS size_bytes
  FROM dba_recyclebin r
  JOIN dba_users u
    ON u.username = r.owner
   AND u.oracle_maintained = 'N'
 WHERE r.type = 'TABLE'
   AND r.operation = 'DROP'
   AND r.can_purge = 'YES'
   AND SYSDATE - TO_DATE(r.droptime, 'YYYY-MM-DD:HH24:MI:SS') >= :days
   AND (:owner IS NULL OR (r.owner = :owner AND :object_name IN (r.object_name, r.original_name)))
 ORDER BY r.droptime, r.owner, r.object_name
