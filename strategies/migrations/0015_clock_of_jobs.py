"""A job keeps what its next run was computed by, so that a change of it loses nothing that was due before."""

from importlib import import_module
from typing import Any

from django.db import migrations, models

from strategies import job_triggers

before = import_module("strategies.migrations.0004_job_triggers")


def read_anew(apps: Any, schema_editor: Any) -> None:
    """All jobs are read by the next ticks, those that are due first first; what is due stays due meanwhile."""
    apps.get_model("strategies", "MaintenanceJob").objects.update(is_settled=False)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0014_logs_by_time")]

    operations = [
        migrations.RunPython(before.remove, before.install),
        migrations.AddField(
            model_name="maintenancejob",
            name="clock",
            field=models.CharField(
                blank=True,
                help_text="What next_run was computed by: five cron fields and a zone.",
                max_length=300,
                null=True,
            ),
        ),
        migrations.RunPython(job_triggers.install, job_triggers.remove),
        migrations.RunPython(read_anew, migrations.RunPython.noop),
    ]
