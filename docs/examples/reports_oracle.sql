REM What the log says, as SQL in the database. Each parameter may be left out.
SELECT * FROM TABLE(
    generic_maintenance_logger_pkg.get_operation_log(
        p_strategy_name => 'MY_STRATEGY',
        p_start_date    => SYSDATE - 7,
        p_end_date      => SYSDATE
    )
);

SELECT * FROM TABLE(
    generic_maintenance_logger_pkg.get_performance_summary(
        p_strategy_name => 'MY_STRATEGY',
        p_start_date    => SYSDATE - 30,
        p_end_date      => SYSDATE
    )
);

SELECT * FROM TABLE(
    generic_maintenance_logger_pkg.get_error_summary(
        p_strategy_name => 'MY_STRATEGY',
        p_start_date    => SYSDATE - 7,
        p_end_date      => SYSDATE
    )
);

SELECT * FROM TABLE(
    generic_maintenance_logger_pkg.get_strategy_statistics(
        p_strategy_name => 'MY_STRATEGY',
        p_start_date    => SYSDATE - 30,
        p_end_date      => SYSDATE
    )
);

SELECT * FROM TABLE(
    generic_maintenance_logger_pkg.get_performance_trends(
        p_strategy_name => 'MY_STRATEGY',
        p_days_back     => 30
    )
);
