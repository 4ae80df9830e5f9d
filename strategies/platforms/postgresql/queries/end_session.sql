-- purpose: End one of the portal's own sessions that did not stop when asked.
-- needs: the same account, or pg_signal_backend
-- licence: none
-- since: 14
SELECT pg_terminate_backend(%(pid)s) AS accepted
