-- purpose: Packages in the database that implement a strategy: those named after one that have a procedure EXECUTE_STRATEGY.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT DISTINCT p.owner, p.object_name AS package_name, o.status,
       CASE WHEN p.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 1 ELSE 0 END AS is_own
  FROM all_procedures p
  JOIN all_objects o ON o.owner = p.owner AND o.object_name = p.object_name AND o.object_type = 'PACKAGE'
 WHERE p.procedure_name = 'EXECUTE_STRATEGY'
   AND p.object_type = 'PACKAGE'
   AND p.object_name LIKE '%\_PKG' ESCAPE '\'
 ORDER BY 4 DESC, 1, 2
