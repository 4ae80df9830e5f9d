-- purpose: Have the asking session hand over its own counters now, not up to a second later.
-- needs: CONNECT
-- licence: none
-- since: 15
SELECT pg_stat_force_next_flush()
