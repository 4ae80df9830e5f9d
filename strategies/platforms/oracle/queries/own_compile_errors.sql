-- purpose: Why one of our own packages or triggers does not compile.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT e.type AS kind, e.name, e.line, e.position, e.text
  FROM user_errors e
 WHERE (e.name LIKE 'GENERIC\_%' ESCAPE '\' OR e.name = 'STRATEGY_IMPLEMENTATION_GENERATOR_PKG')
   AND e.attribute = 'ERROR'
 ORDER BY e.name, e.type, e.sequence
