-- purpose: Ask one of the portal's own sessions to stop its statement.
-- needs: the same account, or pg_signal_backend
-- licence: none
-- since: 14
SELECT pg_cancel_backend(%(pid)s) AS accepted
