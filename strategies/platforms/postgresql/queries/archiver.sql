-- purpose: Whether the server archives its log, whether it fails now, and how many hours ago it last did.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT current_setting('archive_mode') <> 'off' AS is_archiving,
       coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false) AS is_failing,
       (extract(epoch FROM clock_timestamp() - a.last_archived_time) / 3600)::float AS hours
  FROM pg_stat_archiver a
