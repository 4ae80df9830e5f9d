-- purpose: How far a standby is behind; without rows on a primary.
-- needs: SELECT ON SYS.V_$DATAGUARD_STATS
-- licence: none
-- since: 19
SELECT d.name, d.value, d.unit, d.time_computed, d.datum_time
  FROM v$dataguard_stats d
 WHERE LOWER(d.name) IN ('transport lag', 'apply lag')
