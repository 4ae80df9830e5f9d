-- purpose: Batches by which rows of one cut-off came into an archive.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT DISTINCT archive_batch::text AS batch
  FROM {archive}
 WHERE archive_batch COLLATE "C" >= %(first)s::text
   AND archive_batch COLLATE "C" < %(behind)s::text
