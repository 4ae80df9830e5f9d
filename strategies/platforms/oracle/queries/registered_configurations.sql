-- purpose: The configurations of a strategy in the portal's own tables, on whatever databases. Read on home only.
-- needs: CREATE SESSION
-- licence: none
-- since: 19
SELECT c.config_id, c.target_id, c.is_active, c.version, c.target_object, c.target_type,
       c.strategy_type, c.strategy_config, c.execution_mode, c.parallel_degree, c.batch_size,
       c.timeout_seconds, c.resource_limits, c.priority_level, c.schedule_expression,
       c.schedule_timezone, c.depends_on_strategies, c.prerequisite_checks, c.description, c.tags,
       c.monitoring_enabled, c.alert_thresholds, c.notification_config
  FROM generic_strategy_config c
 WHERE c.strategy_name = :strategy
 ORDER BY c.config_id
