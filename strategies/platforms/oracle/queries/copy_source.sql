-- purpose: One table that is to be copied: its size with its LOBs, where a copy would lie, and all that keeps it from being copied.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_SEGMENTS, SELECT ON SYS.DBA_LOBS, SELECT ON SYS.DBA_TAB_COLS, SELECT ON SYS.DBA_NESTED_TABLES, SELECT ON SYS.DBA_ENCRYPTED_COLUMNS, SELECT ON SYS.DBA_POLICIES
-- licence: none
-- since: 19
SELECT t.owner, t.table_name, u.default_tablespace, t.temporary,
       (SELECT SUM(s.bytes)
          FROM dba_segments s
         WHERE s.owner = t.owner
           AND (s.segment_name = t.table_name
                OR s.segment_name IN (SELECT l.segment_name
                                        FROM dba_lobs l
                                       WHERE l.owner = t.owner
                                         AND l.table_name = t.table_name))) AS size_bytes,
       (SELECT COUNT(*)
          FROM dba_tab_cols c
         WHERE c.owner = t.owner
           AND c.table_name = t.table_name
           AND c.data_type IN ('LONG', 'LONG RAW')) AS long_columns,
       (SELECT COUNT(*)
          FROM dba_nested_tables n
         WHERE n.owner = t.owner
           AND n.parent_table_name = t.table_name) AS nested_tables,
       (SELECT COUNT(*)
          FROM dba_encrypted_columns e
         WHERE e.owner = t.owner
           AND e.table_name = t.table_name) AS encrypted_columns,
       (SELECT COUNT(*)
          FROM dba_policies p
         WHERE p.object_owner = t.owner
           AND p.object_name = t.table_name
           AND p.sel = 'YES'
           AND p."ENABLE" = 'YES') AS read_policies
  FROM dba_tables t
  JOIN dba_users u
    ON u.username = t.owner
   AND u.oracle_maintained = 'N'
 WHERE t.owner = :owner
   AND t.table_name = :table_name
   AND t.nested = 'NO'
   AND NVL(t.dropped, 'NO') = 'NO'
