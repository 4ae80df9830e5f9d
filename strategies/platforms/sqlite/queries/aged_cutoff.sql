-- purpose: The day on which what is kept begins, by the clock of the machine that the file is on, in UTC.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT date('now', '-' || :days || ' days') AS cutoff_on;
