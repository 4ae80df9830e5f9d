-- purpose: Batches by which rows of one cut-off came into an archive.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT DISTINCT "archive_batch" AS batch
  FROM {archive}
 WHERE "archive_batch" >= :first
   AND "archive_batch" < :behind;
