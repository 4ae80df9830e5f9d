-- purpose: What the portal's own registry says of a strategy. Read on home only.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
SELECT s.strategy_type_id, s.strategy_type, s.description, s.category, s.is_active
  FROM generic_strategy_types s
 WHERE s.strategy_name = :strategy
 ORDER BY s.strategy_type_id
