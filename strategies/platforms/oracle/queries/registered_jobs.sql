-- purpose: The jobs of a strategy in the portal's own tables, on whatever databases. Read on home only.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT j.job_id, j.target_id, j.is_active, j.job_name, j.target_object, j.target_type, j.job_type,
       j.schedule_type, j.schedule_value, j.schedule_timezone, j.job_parameters, j.depends_on_jobs,
       j.prerequisite_checks, j.max_parallel_degree, j.resource_limits, j.notify_on_success,
       j.notify_on_failure, j.notification_recipients, j.start_within_minutes, j.when_late
  FROM generic_maintenance_jobs j
 WHERE j.strategy_name = :strategy
 ORDER BY j.job_id
