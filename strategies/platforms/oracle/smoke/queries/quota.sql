-- purpose: How much of its default tablespace the account may use (-1 is without a limit), and whether it is one of Oracle's own.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT u.default_tablespace AS tablespace_name, NVL(q.bytes, 0) AS used_bytes, NVL(q.max_bytes, 0) AS max_bytes,
       u.oracle_maintained
  FROM user_users u
  LEFT JOIN user_ts_quotas q
    ON q.tablespace_name = u.default_tablespace
