-- purpose: The next 500 configurations of the older framework, in the order of their numbers. The owner of the table grants SELECT on it.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT t.*
  FROM partition_strategy_config t
 WHERE t.config_id > :after
 ORDER BY t.config_id
 FETCH FIRST 500 ROWS ONLY
