-- Make a strategy known. Its work comes from a routine of the same name; until there is one, its jobs are set aside and say so.
INSERT INTO generic_strategy_types (strategy_name, strategy_type, description, category)
VALUES ('MY_STRATEGY', 'MAINTENANCE', 'Description of my strategy', 'DATABASE');
