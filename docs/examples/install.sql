REM Install the packages in a database that the portal maintains, by hand in SQL*Plus. The script is made by the portal:
REM     python3 run.py manage install_plsql --print > generic_maintenance.sql
REM Where the portal reaches the database itself, "install_plsql --target NAME" does the same and reads the compile errors back.
@generic_maintenance.sql
