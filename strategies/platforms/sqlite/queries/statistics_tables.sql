-- purpose: Which of SQLite's tables for statistics this file has.
-- needs: read access to the file
-- licence: none
-- since: 3.0
SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('sqlite_stat1', 'sqlite_stat4');
