-- purpose: What the database tells every session of itself: container, role, service, host, and who is signed in.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT SYS_CONTEXT('USERENV', 'CON_ID') AS container_id,
       SYS_CONTEXT('USERENV', 'CON_NAME') AS container,
       SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') AS unique_name,
       SYS_CONTEXT('USERENV', 'DATABASE_ROLE') AS database_role,
       SYS_CONTEXT('USERENV', 'SERVICE_NAME') AS service,
       SYS_CONTEXT('USERENV', 'INSTANCE_NAME') AS instance,
       SYS_CONTEXT('USERENV', 'SERVER_HOST') AS host,
       SYS_CONTEXT('USERENV', 'SESSION_USER') AS account,
       SYS_CONTEXT('USERENV', 'PROXY_USER') AS proxy_account,
       SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AS schema_name
  FROM dual
