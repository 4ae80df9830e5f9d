-- purpose: What the database calls itself, with its release update.
-- needs: SELECT ON SYS.V_$VERSION
-- licence: none
-- since: 19
SELECT v.banner_full AS banner
  FROM v$version v
