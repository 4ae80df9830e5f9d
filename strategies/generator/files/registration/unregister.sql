-- {{ name }}: its jobs and configurations do nothing any more. Its rows stay, since the history of its runs names them.
UPDATE generic_maintenance_jobs SET is_active = 'N' WHERE strategy_name = {{ strategy.strategy_name }};
UPDATE generic_strategy_config SET is_active = 'N' WHERE strategy_name = {{ strategy.strategy_name }};
UPDATE generic_strategy_types SET is_active = 'N' WHERE strategy_name = {{ strategy.strategy_name }};
