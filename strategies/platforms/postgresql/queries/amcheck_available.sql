-- purpose: Whether the server has the files of the extension amcheck, so that it can be created.
-- needs: CONNECT
-- licence: none
-- since: 14
SELECT e.name::text AS name FROM pg_available_extensions e WHERE e.name = 'amcheck'
