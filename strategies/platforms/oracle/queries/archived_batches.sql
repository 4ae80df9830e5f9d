-- purpose: Batches by which rows of one cut-off came into an archive.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT DISTINCT a.{batch} AS batch
  FROM {archive} a
 WHERE a.{batch} >= :first
   AND a.{batch} < :behind
