-- A configuration: the parameters of a strategy on one object. It never starts by itself; jobs do.
INSERT INTO generic_strategy_config (
    strategy_name, target_object, target_type, strategy_type,
    strategy_config, schedule_expression, execution_mode
) VALUES (
    'MY_STRATEGY', 'TARGET_OBJECT', 'TABLE', 'MAINTENANCE',
    '{"param1": "value1", "param2": "value2"}',
    '0 2 * * *', 'AUTOMATIC'
);
