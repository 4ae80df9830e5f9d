-- purpose: End one of the portal's own sessions that did not stop when asked.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT pg_terminate_backend(%(pid)s) AS accepted
