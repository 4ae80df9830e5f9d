"""Rollups know jobs by their numbers, and how many rows came. Days that are still in the log are counted anew, in portions."""

from collections import defaultdict

import django.db.models.deletion
from django.db import migrations, models


def tell_jobs(apps, schema_editor):
    """Days that are gone from the log keep the names that jobs had: where one job alone has such a name now, it is that one."""
    Rollup, Job, Target, RollupMark = (
        apps.get_model(app, name)
        for app, name in (
            ('monitoring', 'Rollup'), ('strategies', 'MaintenanceJob'), ('strategies', 'Target'), ('monitoring', 'RollupMark'),
        )
    )
    home = Target.objects.filter(is_home=True).values_list('pk', flat=True).first()
    jobs = defaultdict(list)
    for pk, name, strategy, target in Job.objects.values_list('pk', 'job_name', 'strategy_id', 'target_id').iterator():
        jobs[name, strategy, target or home].append(pk)
    rows = Rollup.objects.filter(grain__in=('job', 'run'), job=None).exclude(name='').order_by()
    told = defaultdict(list)
    for pk, *place in rows.values_list('pk', 'name', 'strategy_name', 'target_id').iterator():
        if len(found := jobs.get(tuple(place), ())) == 1:
            told[found[0]].append(pk)
    for job, pks in told.items():
        for start in range(0, len(pks), 500):
            Rollup.objects.filter(pk__in=pks[start : start + 500]).update(job_id=job)
    RollupMark.objects.update(
        operation_id=0, next_operation_id=0, next_at=None, arrived={}, unfinished={}, looked_at=None, took_ms=0
    )


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0003_log_care'),
        ('strategies', '0010_readable_operations'),
    ]

    operations = [
        migrations.AddField(
            model_name='rollup',
            name='job',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='strategies.maintenancejob'),
        ),
        migrations.AlterField(
            model_name='rollup',
            name='grain',
            field=models.CharField(choices=[('row', 'Row'), ('strategy', 'Strategy'), ('job', 'Job'), ('operation', 'Operation'), ('run', 'Run')], max_length=10),
        ),
        migrations.RunPython(tell_jobs, migrations.RunPython.noop),
    ]
