-- #{name}: its package, into the schema of whoever runs this with SQL*Plus or SQLcl, in this folder.
-- Needs CREATE PROCEDURE, granted to the schema and not to a role, and GENERIC_MAINTENANCE_LOGGER_PKG in it.
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
SET DEFINE OFF
SET SQLBLANKLINES ON
SET SERVEROUTPUT ON
@@#{package}.sql
@@#{package}_body.sql
SHOW ERRORS PACKAGE BODY #{package}
DECLARE
    v_errors NUMBER;
BEGIN
    SELECT COUNT(*) INTO v_errors FROM user_errors e WHERE e.name = UPPER('#{package}');
    IF v_errors > 0 THEN
        RAISE_APPLICATION_ERROR(-20003, '#{package} does not compile: ' || v_errors || ' errors stand above.');
    END IF;
    DBMS_OUTPUT.PUT_LINE('#{package} is there.');
END;
/
