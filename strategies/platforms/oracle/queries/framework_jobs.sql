-- purpose: The next 500 jobs of the older framework, in the order of their numbers. The owner of the table grants SELECT on it.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT t.*
  FROM partition_maintenance_jobs t
 WHERE t.job_id > :after
 ORDER BY t.job_id
 FETCH FIRST 500 ROWS ONLY
