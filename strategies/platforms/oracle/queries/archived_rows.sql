-- purpose: Rows of an archive that came with one batch.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT COUNT(*) AS row_count
  FROM {archive} a
 WHERE a.{batch} = :batch
