-- A job: due every day. The next tick reads the row: it gets its next_run, or is set aside with the reason.
INSERT INTO generic_maintenance_jobs (
    strategy_name, job_name, job_type, schedule_type,
    target_object, target_type, job_parameters
) VALUES (
    'MY_STRATEGY', 'EXECUTE_MAINTENANCE', 'MAINTENANCE', 'DAILY',
    'TARGET_OBJECT', 'TABLE', '{"operation": "MAINTAIN"}'
);
