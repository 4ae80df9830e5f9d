"""Jobs by the clock: what the schedule, its bound and its dependencies need; events; how long the log is kept."""

import django.core.validators
import django.db.models.deletion
import strategies.models.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0002_audit_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('emitted_by', models.CharField(max_length=150)),
                ('emitted_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'portal_event',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='LogPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('strategy_name', models.CharField(blank=True, default='', max_length=50, unique=True)),
                ('is_enabled', strategies.models.fields.YesNoField(db_default=True, default=True)),
                ('retention_days', models.PositiveIntegerField(db_default=90, default=90, validators=[django.core.validators.MinValueValidator(1)])),
            ],
            options={
                'db_table': 'generic_log_policy',
                'ordering': ['strategy_name'],
            },
        ),
        migrations.RemoveIndex(
            model_name='maintenancejob',
            name='gmj_due',
        ),
        migrations.AddField(
            model_name='jobrun',
            name='claimed_at',
            field=models.DateTimeField(blank=True, help_text='Since when its present worker has it.', null=True),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='config',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='runs', to='strategies.strategyconfig'),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='depends_since',
            field=models.DateTimeField(blank=True, help_text='What its job depends on must have been due after this.', null=True),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='limits',
            field=models.JSONField(blank=True, default=dict, help_text='What each step may use; see plans.Limits.'),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='not_before',
            field=models.DateTimeField(blank=True, help_text='It was put back: asked again from then on.', null=True),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='plans_late',
            field=models.BooleanField(default=False, help_text='Planned only when what its job depends on is over, since that may change what is needed.'),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='prechecks',
            field=models.JSONField(blank=True, default=list, help_text='Names of the checks that come before its start.'),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='start_before',
            field=models.DateTimeField(blank=True, help_text='Not started by then, it is missed.', null=True),
        ),
        migrations.AddField(
            model_name='jobrun',
            name='worked_ms',
            field=models.BigIntegerField(default=0, help_text='What workers before this one spent on it; pauses do not count.'),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='is_settled',
            field=strategies.models.fields.YesNoField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='last_due',
            field=models.DateTimeField(blank=True, help_text='The latest due instant that was dealt with.', null=True),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='prepared_for',
            field=models.DateTimeField(blank=True, help_text='The due instant for which a run is planned already.', null=True),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='quarantine_reason',
            field=models.CharField(blank=True, max_length=1000, null=True),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='quarantined_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='schedule_timezone',
            field=models.CharField(blank=True, help_text='IANA name; empty = that of the configuration, else UTC.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='start_within_minutes',
            field=models.PositiveIntegerField(db_default=60, default=60, help_text='A run that could not start by then is missed.'),
        ),
        migrations.AddField(
            model_name='maintenancejob',
            name='when_late',
            field=models.CharField(choices=[('SKIP', 'Leave them out'), ('RUN_ONCE', 'Run once for all of them')], db_default='SKIP', default='SKIP', max_length=10),
        ),
        migrations.AddField(
            model_name='user',
            name='theme',
            field=models.CharField(blank=True, choices=[('', 'As the device'), ('light', 'Light'), ('dark', 'Dark')], default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='operationlog',
            name='operation_type',
            field=models.CharField(db_default='UNKNOWN', default='UNKNOWN', max_length=50),
        ),
        migrations.AlterField(
            model_name='operationlog',
            name='strategy_name',
            field=models.CharField(db_default='UNKNOWN', default='UNKNOWN', max_length=50),
        ),
        migrations.AddIndex(
            model_name='jobrun',
            index=models.Index(fields=['job', 'due_at'], name='portal_run_by_job'),
        ),
        migrations.AddIndex(
            model_name='maintenancejob',
            index=models.Index(fields=['is_settled', 'is_active', 'next_run'], name='gmj_due'),
        ),
        migrations.AddIndex(
            model_name='maintenancejob',
            index=models.Index(fields=['job_name'], name='gmj_by_name'),
        ),
        migrations.AddConstraint(
            model_name='maintenancejob',
            constraint=models.CheckConstraint(condition=models.Q(('when_late__in', ['SKIP', 'RUN_ONCE'])), name='gmj_when_late'),
        ),
    ]
