-- A backup job of the framework.
INSERT INTO generic_maintenance_jobs (
    strategy_name, job_name, job_type, schedule_type,
    target_object, target_type, job_parameters
) VALUES (
    'BACKUP_MAINTENANCE', 'DAILY_BACKUP', 'BACKUP', 'DAILY',
    'DATABASE', 'DATABASE', '{"backup_type": "FULL", "retention_days": 30}'
);
