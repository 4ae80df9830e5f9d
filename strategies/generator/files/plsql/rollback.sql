-- #{name}: takes its package out of the schema again. What it has logged stays.
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
DECLARE
    v_there NUMBER;
BEGIN
    SELECT COUNT(*) INTO v_there
      FROM user_objects o
     WHERE o.object_name = UPPER('#{package}')
       AND o.object_type = 'PACKAGE';
    IF v_there = 1 THEN
        EXECUTE IMMEDIATE 'DROP PACKAGE #{package}';
    END IF;
END;
/
