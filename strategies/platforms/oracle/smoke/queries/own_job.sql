-- purpose: How one scheduler job of the account is defined.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT j.job_type, j.enabled, j.credential_name, j.connect_credential_name
  FROM user_scheduler_jobs j
 WHERE j.job_name = :job_name
