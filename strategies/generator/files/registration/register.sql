-- {{ name }}: known to the portal, with its configurations and jobs, which work on the portal's own database unless their rows
-- say another (target_id). For the portal's own database, whichever product it is;
-- with SQL*Plus type SET DEFINE OFF and SET SQLBLANKLINES ON before it. Generated from the definition
-- {{ digest }}
INSERT INTO generic_strategy_types (strategy_name, strategy_type, description, category)
VALUES ({{ strategy.strategy_name }}, {{ strategy.strategy_type }},
        {{ strategy.description }},
        {{ strategy.category }});
{% for row in configurations %}
INSERT INTO generic_strategy_config (strategy_name, target_object, target_type, strategy_type, strategy_config, execution_mode,
                                     batch_size)
VALUES ({{ strategy.strategy_name }}, {{ row.target_object }}, {{ row.target_type }}, {{ row.strategy_type }},
        {{ row.strategy_config }}, {{ row.execution_mode }}, {{ row.batch_size }});
{% endfor %}{% for row in jobs %}
INSERT INTO generic_maintenance_jobs (strategy_name, job_name, job_type, schedule_type, schedule_value, schedule_timezone,
                                      target_object, target_type, job_parameters)
VALUES ({{ strategy.strategy_name }}, {{ row.job_name }}, {{ row.job_type }}, {{ row.schedule_type }}, {{ row.schedule_value }},
        {{ row.schedule_timezone }}, {{ row.target_object }}, {{ row.target_type }}, {{ row.job_parameters }});
{% endfor %}{% for row in jobs %}{% for name in row.waits %}
UPDATE generic_maintenance_jobs
   SET depends_on_jobs = CASE WHEN depends_on_jobs IS NULL THEN '' ELSE depends_on_jobs || ',' END
                         || (SELECT MAX(other.job_id) FROM generic_maintenance_jobs other
                              WHERE other.strategy_name = {{ strategy.strategy_name }} AND other.job_name = {{ name }})
 WHERE strategy_name = {{ strategy.strategy_name }} AND job_name = {{ row.job_name }};
{% endfor %}{% endfor %}
