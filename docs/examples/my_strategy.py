"""A strategy written in Python that is started elsewhere, as by cron, and logs what it does: `manage.py shell < my_strategy.py`."""

from strategies import maintenance_logger
from strategies.models import OperationLog

maintenance_logger.register_strategy("MY_STRATEGY", "MAINTENANCE", "Description of my strategy", "DATABASE")

operation_id = maintenance_logger.log_strategy_start("MY_STRATEGY", "TARGET_OBJECT", "TABLE", {"operation": "MAINTAIN"})
try:
    rows = OperationLog.objects.filter(strategy_name="MY_STRATEGY").count()  # the work of the strategy
except Exception as error:
    maintenance_logger.log_strategy_end(operation_id, "ERROR", f"Strategy failed: {error}")
    raise
maintenance_logger.log_strategy_end(
    operation_id, "SUCCESS", "Strategy completed successfully", {"rows_processed": rows}
)
