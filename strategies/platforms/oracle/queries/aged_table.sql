-- purpose: One table by its name, the type of one of its columns, whether an index begins with it, and all that keeps rows from being taken.
-- needs: SELECT ON SYS.DBA_TABLES, SELECT ON SYS.DBA_USERS, SELECT ON SYS.DBA_TAB_COLS, SELECT ON SYS.DBA_IND_COLUMNS, SELECT ON SYS.DBA_INDEXES
-- licence: none
-- since: 19
SELECT t.owner, t.table_name, u.oracle_maintained, t.iot_type, t.cluster_name, t.temporary, t.nested,
       t.external AS is_external,
       (SELECT MAX(c.data_type)
          FROM dba_tab_cols c
         WHERE c.owner = t.owner
           AND c.table_name = t.table_name
           AND c.column_name = :column_name
           AND c.virtual_column = 'NO') AS age_type,
       (SELECT COUNT(*)
          FROM dba_tab_cols c
         WHERE c.owner = t.owner
           AND c.table_name = t.table_name
           AND (c.data_type IN ('LONG', 'LONG RAW') OR c.data_type_owner IS NOT NULL)) AS immovable_columns,
       (SELECT COUNT(*)
          FROM dba_ind_columns i
          JOIN dba_indexes x
            ON x.owner = i.index_owner
           AND x.index_name = i.index_name
           AND x.visibility = 'VISIBLE'
         WHERE i.table_owner = t.owner
           AND i.table_name = t.table_name
           AND i.column_name = :column_name
           AND i.column_position = 1) AS leading_indexes
  FROM dba_tables t
  JOIN dba_users u
    ON u.username = t.owner
 WHERE t.owner = :owner
   AND t.table_name = :table_name
   AND NVL(t.dropped, 'NO') = 'NO'
