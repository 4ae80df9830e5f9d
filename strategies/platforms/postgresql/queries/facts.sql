-- purpose: What the server, the database and the account are: version, role, size, extensions.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT current_setting('server_version') AS version,
       current_database() AS database,
       current_user AS "user",
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS is_superuser,
       pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all_sessions,
       pg_is_in_recovery() AS is_standby,
       current_setting('default_transaction_read_only') = 'on' AS is_read_only,
       pg_database_size(current_database()) AS size_bytes,
       pg_postmaster_start_time() AS started_at,
       current_setting('server_encoding') AS encoding,
       current_setting('autovacuum') AS autovacuum,
       current_setting('data_checksums') AS data_checksums,
       coalesce(host(inet_server_addr()), 'local socket') AS address,
       ARRAY(SELECT extname::text || ' ' || extversion FROM pg_extension ORDER BY extname) AS extensions
