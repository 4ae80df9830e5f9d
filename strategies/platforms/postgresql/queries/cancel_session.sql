-- purpose: Ask one of the portal's own sessions to stop its statement.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT pg_cancel_backend(%(pid)s) AS accepted
