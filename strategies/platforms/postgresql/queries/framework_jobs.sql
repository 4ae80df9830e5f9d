-- purpose: The next 500 jobs of the older framework, in the order of their numbers.
-- needs: SELECT ON partition_maintenance_jobs
-- licence: none
-- since: 14
SELECT t.*
  FROM partition_maintenance_jobs t
 WHERE t.job_id > %(after)s::bigint
 ORDER BY t.job_id
 LIMIT 500
