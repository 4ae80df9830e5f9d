-- An archive job of the framework.
INSERT INTO generic_maintenance_jobs (
    strategy_name, job_name, job_type, schedule_type,
    target_object, target_type, job_parameters
) VALUES (
    'ARCHIVE_MAINTENANCE', 'MONTHLY_ARCHIVE', 'ARCHIVE', 'MONTHLY',
    'OLD_DATA', 'TABLE', '{"archive_older_than": "12_MONTHS", "compress": true}'
);
