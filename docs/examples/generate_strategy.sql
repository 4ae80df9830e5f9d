REM Generate a whole strategy inside the database, where install_plsql --generator has been: files in a directory object, which a DBA
REM has made and granted to the owner of the package, and not through a role:
REM     CREATE DIRECTORY new_strategy AS '/tmp/new_strategy';
REM     GRANT READ, WRITE ON DIRECTORY new_strategy TO portal;
REM What would be refused is told first, fault by fault.
SELECT f.field, f.reason
  FROM TABLE(strategy_implementation_generator_pkg.get_definition_faults(
           p_strategy_name   => 'NEW_STRATEGY',
           p_strategy_type   => 'MAINTENANCE',
           p_description     => 'My new maintenance strategy',
           p_category        => 'DATABASE',
           p_target_types    => 'TABLE,INDEX',
           p_operation_types => 'ANALYZE,CLEANUP,OPTIMIZE',
           p_job_types       => 'MAINTENANCE,ANALYSIS'
       )) f;

BEGIN
    strategy_implementation_generator_pkg.generate_strategy_implementation(
        p_strategy_name     => 'NEW_STRATEGY',
        p_strategy_type     => 'MAINTENANCE',
        p_description       => 'My new maintenance strategy',
        p_category          => 'DATABASE',
        p_target_types      => 'TABLE,INDEX',
        p_operation_types   => 'ANALYZE,CLEANUP,OPTIMIZE',
        p_job_types         => 'MAINTENANCE,ANALYSIS',
        p_output_directory  => '/tmp/new_strategy'
    );
END;
/
