-- purpose: What time it is, in UTC.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now') AS now_utc;
