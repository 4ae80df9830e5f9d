-- purpose: The next 500 configurations of the older framework, in the order of their numbers.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
SELECT t.*
  FROM "main".partition_strategy_config t
 WHERE t.config_id > :after
 ORDER BY t.config_id
 LIMIT 500
