-- purpose: Rows of an archive that came with one batch.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT count(*) AS rows FROM {archive} WHERE "archive_batch" = :batch;
