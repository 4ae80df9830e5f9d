-- purpose: Whether the database counts the use of indexes now, of all or of a sample, and for how many days it has had the view of it.
-- needs: SELECT ON SYS.V_$INDEX_USAGE_INFO, SELECT ON SYS.DBA_OBJECTS
-- licence: none
-- since: 19
SELECT u.index_stats_enabled AS is_enabled, u.index_stats_collection_type AS collection_type,
       (SELECT FLOOR(SYSDATE - MIN(o.created))
          FROM dba_objects o
         WHERE o.owner = 'SYS'
           AND o.object_name = 'DBA_INDEX_USAGE') AS countable_days
  FROM v$index_usage_info u
