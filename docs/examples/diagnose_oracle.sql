-- The operations of the last day, in Oracle's words.
SELECT * FROM generic_operation_log 
WHERE strategy_name = 'MY_STRATEGY' 
AND operation_time >= SYSDATE - 1
ORDER BY operation_time DESC;
