"""In Oracle, rows that are typed in SQL get UTC, too, whatever the zone of their session is; Django writes LOCALTIMESTAMP there."""

from typing import Any

from django.db import migrations
from django.db.models.functions import Now


def use_utc(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "oracle":
        return
    quote = schema_editor.connection.ops.quote_name
    for model in apps.get_app_config("strategies").get_models():
        for field in model._meta.local_concrete_fields:
            if field.has_db_default() and isinstance(field.db_default, Now):
                table, column = quote(model._meta.db_table), quote(field.column)
                schema_editor.execute(f"ALTER TABLE {table} MODIFY ({column} DEFAULT SYS_EXTRACT_UTC(SYSTIMESTAMP))", None)


class Migration(migrations.Migration):
    atomic = False  # Oracle changes no structure within a transaction
    dependencies = [("strategies", "0036_approvals_by_time")]

    operations = [migrations.RunPython(use_utc, migrations.RunPython.noop)]
