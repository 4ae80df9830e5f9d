-- purpose: Rows of an archive that came with one batch.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT count(*) AS rows FROM {archive} WHERE archive_batch = %(batch)s::text
