-- purpose: The day on which what is kept begins, by the clock of the server, in UTC.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT to_char((now() AT TIME ZONE 'UTC')::date - %(days)s::int, 'YYYY-MM-DD') AS cutoff_on
