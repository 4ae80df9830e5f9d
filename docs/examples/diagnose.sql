-- Is the strategy registered, which jobs has it, what went wrong. Runs on every database of the portal.
SELECT * FROM generic_strategy_types WHERE strategy_name = 'MY_STRATEGY';

SELECT * FROM generic_maintenance_jobs WHERE strategy_name = 'MY_STRATEGY';

SELECT * FROM generic_operation_log 
WHERE strategy_name = 'MY_STRATEGY' 
AND status = 'ERROR'
ORDER BY operation_time DESC;
