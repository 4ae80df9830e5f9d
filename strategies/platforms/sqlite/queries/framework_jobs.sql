-- purpose: The next 500 jobs of the older framework, in the order of their numbers.
-- needs: read access to the file
-- licence: none
-- since: 3.8.3
SELECT t.*
  FROM "main".partition_maintenance_jobs t
 WHERE t.job_id > :after
 ORDER BY t.job_id
 LIMIT 500
