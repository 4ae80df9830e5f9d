-- purpose: The next 500 configurations of the older framework, in the order of their numbers.
-- needs: SELECT ON partition_strategy_config
-- licence: none
-- since: 14
SELECT t.*
  FROM partition_strategy_config t
 WHERE t.config_id > %(after)s::bigint
 ORDER BY t.config_id
 LIMIT 500
