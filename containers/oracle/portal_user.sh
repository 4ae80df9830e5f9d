# Run once by Oracle's image when its database is made: the account that the portal's tables belong to.
sqlplus -s / as sysdba <<SQL
WHENEVER SQLERROR EXIT FAILURE
SET DEFINE OFF
ALTER SESSION SET CONTAINER = FREEPDB1;
CREATE USER portal IDENTIFIED BY "$(cat /run/secrets/database_password)" DEFAULT TABLESPACE users QUOTA UNLIMITED ON users;
GRANT CREATE SESSION, CREATE TABLE, CREATE SEQUENCE, CREATE TRIGGER, CREATE PROCEDURE TO portal;
SQL
