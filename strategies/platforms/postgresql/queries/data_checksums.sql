-- purpose: Whether this server writes a checksum into each page, so that it notices when a disk gives back something else.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT current_setting('data_checksums') <> 'off' AS is_on
