-- purpose: Tables that together mark a portal's own database; both are there, or the file is no portal's.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) IN ('portal_installation', 'django_migrations');
