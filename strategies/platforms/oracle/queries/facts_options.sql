-- purpose: Which options that maintenance can use are linked in; whether they were bought is not told there.
-- needs: SELECT ON SYS.V_$OPTION
-- licence: none
-- since: 19
SELECT o.parameter AS name
  FROM v$option o
 WHERE o.value = 'TRUE'
   AND o.parameter IN ('Partitioning', 'Online Index Build', 'Online Redefinition', 'Parallel execution',
                       'Bit-mapped indexes', 'Flashback Table', 'Advanced Compression', 'Real Application Clusters')
 ORDER BY o.parameter
