REM Make strategies known by the package; register_strategy.sql does the same in plain SQL.
BEGIN
    generic_maintenance_logger_pkg.register_strategy(
        'MY_STRATEGY',
        'MAINTENANCE',
        'Description of my strategy',
        'DATABASE'
    );
END;
/
BEGIN
    generic_maintenance_logger_pkg.register_strategy(
        'BACKUP_MAINTENANCE',
        'MAINTENANCE',
        'Automated backup maintenance strategy',
        'DATABASE'
    );
END;
/
BEGIN
    generic_maintenance_logger_pkg.register_strategy(
        'ARCHIVE_MAINTENANCE',
        'MAINTENANCE',
        'Data archival maintenance strategy',
        'DATABASE'
    );
END;
/
