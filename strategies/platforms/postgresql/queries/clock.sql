-- purpose: What time it is by the clock of the server.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT clock_timestamp() AS now
