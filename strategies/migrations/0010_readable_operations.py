"""Figures and instants of the operation log that nobody can read: new ones are refused, those that are there are read as NULL."""

import django.db.models.functions.datetime
from django.db import migrations

from strategies import log_guard
from strategies.models import readable


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0009_awaits_handling'),
    ]

    operations = [
        # The columns stay as they are: nothing is to be done in the database, and SQLite would write the whole table anew.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                *(
                    migrations.AlterField('operationlog', name, readable.FigureField(blank=True, null=True))
                    for name in ('duration_ms', 'cpu_time_ms', 'io_operations', 'rows_processed', 'objects_affected')
                ),
                migrations.AlterField(
                    'operationlog',
                    'memory_used_mb',
                    readable.DecimalFigureField(blank=True, decimal_places=2, max_digits=12, null=True),
                ),
                migrations.AlterField(
                    'operationlog',
                    'operation_time',
                    readable.InstantField(db_default=django.db.models.functions.datetime.Now()),
                ),
                migrations.AlterField('operationlog', 'ended_at', readable.InstantField(blank=True, null=True)),
            ],
        ),
        migrations.RunPython(log_guard.install, log_guard.remove),
    ]
