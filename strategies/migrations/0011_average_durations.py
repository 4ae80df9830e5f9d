"""What averages are made of stands beside them: a sum and a count, so that they stay true however many runs there were.

NULL until a run is counted: so SQLite adds the columns to the tables as they are, with the triggers on them.
"""

from django.db import migrations, models

_SUM = "What avg_duration_ms is made of."
_COUNT = "Executions whose duration is known."


def _added(model: str) -> list[migrations.AddField]:
    return [
        migrations.AddField(model, "duration_total_ms", models.BigIntegerField(blank=True, help_text=_SUM, null=True)),
        migrations.AddField(model, "durations_counted", models.BigIntegerField(blank=True, help_text=_COUNT, null=True)),
    ]


class Migration(migrations.Migration):
    dependencies = [("strategies", "0010_readable_operations")]

    operations = [*_added("maintenancejob"), *_added("strategyconfig")]
