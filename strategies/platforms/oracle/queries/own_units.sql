-- purpose: What the account's schema has under the names that an installation makes, and whether it is ours.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT o.object_type AS kind, o.object_name AS name, o.status,
       CASE
           WHEN EXISTS (SELECT 1 FROM user_source s
                         WHERE s.name = o.object_name AND s.type = o.object_type AND s.line <= 5
                           AND INSTR(s.text, 'maintenance-portal') > 0) THEN 1
           WHEN EXISTS (SELECT 1 FROM user_tab_comments c
                         WHERE c.table_name = o.object_name AND INSTR(c.comments, 'maintenance-portal') = 1) THEN 1
           ELSE 0
       END AS is_ours
  FROM user_objects o
 WHERE (o.object_name LIKE 'GENERIC\_%' ESCAPE '\' OR o.object_name = 'STRATEGY_IMPLEMENTATION_GENERATOR_PKG')
   AND o.object_type IN ('TABLE', 'INDEX', 'PACKAGE', 'PACKAGE BODY', 'TRIGGER')
 ORDER BY o.object_type, o.object_name
