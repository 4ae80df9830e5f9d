-- purpose: Jobs of the scheduler that failed in the last day.
-- needs: SELECT ON SYS.DBA_SCHEDULER_JOB_RUN_DETAILS
-- licence: none
-- since: 19
SELECT d.owner, d.job_name, d.status, d.error#, d.log_date, d.run_duration, d.additional_info
  FROM dba_scheduler_job_run_details d
 WHERE d.status <> 'SUCCEEDED'
   AND d.log_date > SYSTIMESTAMP - INTERVAL '1' DAY
