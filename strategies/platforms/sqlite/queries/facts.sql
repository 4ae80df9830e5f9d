-- purpose: What the file says of itself: version of the library, sizes, journal mode, encoding.
-- needs: read access to the file
-- licence: none
-- since: 3.16
SELECT sqlite_version() AS version,
       (SELECT journal_mode FROM pragma_journal_mode) AS journal_mode,
       (SELECT page_size FROM pragma_page_size) AS page_size,
       (SELECT page_count FROM pragma_page_count) AS page_count,
       (SELECT freelist_count FROM pragma_freelist_count) AS freelist_count,
       (SELECT auto_vacuum FROM pragma_auto_vacuum) AS auto_vacuum,
       (SELECT encoding FROM pragma_encoding) AS encoding,
       (SELECT application_id FROM pragma_application_id) AS application_id,
       (SELECT user_version FROM pragma_user_version) AS user_version;
