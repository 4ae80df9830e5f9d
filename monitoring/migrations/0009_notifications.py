"""Channels, the rules that lead to them, texts that people wrote, and messages with what became of them."""

import django.db.models.deletion
import strategies.models.scoped
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0008_errors_of_all_time'),
        ('strategies', '0036_approvals_by_time'),
    ]

    operations = [
        migrations.CreateModel(
            name='NotificationReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seal', models.BigIntegerField(blank=True, null=True)),
                ('trouble', models.CharField(blank=True, default='', max_length=500)),
                ('trouble_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'portal_notification_reader',
            },
        ),
        migrations.CreateModel(
            name='MessageText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=60)),
                ('audience', models.CharField(choices=[('technical', 'Technical'), ('plain', 'Plain words')], max_length=10)),
                ('subject', models.CharField(max_length=300)),
                ('body', models.TextField()),
                ('trouble', models.CharField(blank=True, default='', editable=False, max_length=500)),
                ('changed_by', models.CharField(blank=True, default='', max_length=150)),
                ('changed_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'db_table': 'portal_message_text',
                'ordering': ['event', 'audience'],
                'constraints': [models.UniqueConstraint(fields=('event', 'audience'), name='portal_message_text_one')],
            },
        ),
        migrations.CreateModel(
            name='NotificationChannel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('kind', models.CharField(max_length=20)),
                ('settings', models.JSONField(default=dict)),
                ('secret', models.CharField(blank=True, default='', max_length=2000)),
                ('is_active', models.BooleanField(default=True)),
                ('changed_by', models.CharField(blank=True, default='', max_length=150)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('turn', models.BigIntegerField(default=0, editable=False)),
                ('lease_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('woken_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('failures', models.PositiveIntegerField(default=0, editable=False, help_text='In a row, of the channel itself.')),
                ('paused_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('trouble', models.CharField(blank=True, default='', editable=False, max_length=500)),
                ('trouble_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('tenant', models.ForeignKey(blank=True, help_text='Empty = for all.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='channels', to='strategies.tenant')),
            ],
            options={
                'db_table': 'portal_channel',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80, unique=True)),
                ('seal', models.BigIntegerField(blank=True, help_text='Of the audit entry; empty = a message to try a channel.', null=True)),
                ('recipient', models.CharField(max_length=254)),
                ('event', models.CharField(max_length=60)),
                ('severity', models.CharField(choices=[('info', 'Information'), ('warning', 'Warning'), ('critical', 'Critical')], default='info', max_length=10)),
                ('audience', models.CharField(choices=[('technical', 'Technical'), ('plain', 'Plain words')], default='technical', max_length=10)),
                ('why', models.CharField(blank=True, default='', help_text='Why this recipient: the rule, the job, the role.', max_length=200)),
                ('subject', models.CharField(max_length=300)),
                ('body', models.TextField()),
                ('path', models.CharField(blank=True, default='', help_text='The page that it leads to.', max_length=200)),
                ('leave_path', models.CharField(blank=True, default='', help_text='Where its recipient leaves.', max_length=300)),
                ('facts', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Not delivered'), ('dropped', 'Not sent')], default='waiting', max_length=10)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('waits_since', models.DateTimeField(help_text='Given up so long after.')),
                ('next_at', models.DateTimeField(help_text='Not tried before.')),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('said', models.CharField(blank=True, default='', help_text='What the other side answered last.', max_length=500)),
                ('target', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='strategies.target')),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to='monitoring.notificationchannel')),
            ],
            options={
                'db_table': 'portal_notification',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['channel', 'state', 'next_at', 'id'], name='portal_notification_due'), models.Index(fields=['state', 'id'], name='portal_notification_state'), models.Index(fields=['seal'], name='portal_notification_seal')],
            },
        ),
        migrations.CreateModel(
            name='NotificationRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('environment', models.CharField(blank=True, choices=[('development', 'Development'), ('test', 'Test'), ('staging', 'Staging'), ('production', 'Production')], default='', max_length=20)),
                ('name', models.CharField(max_length=80, unique=True)),
                ('events', models.JSONField(blank=True, default=list)),
                ('strategy_name', models.CharField(blank=True, default='', help_text='Empty = each.', max_length=50)),
                ('least_severity', models.CharField(choices=[('info', 'Information'), ('warning', 'Warning'), ('critical', 'Critical')], default='info', max_length=10)),
                ('recipients', models.CharField(blank=True, default='', help_text='Addresses, separated by commas.', max_length=1000)),
                ('role', models.CharField(blank=True, choices=[('DBA', 'DBA'), ('approver', 'Approver'), ('manager', 'Manager'), ('stakeholder', 'Stakeholder'), ('auditor', 'Auditor')], default='', max_length=20)),
                ('is_active', models.BooleanField(default=True)),
                ('changed_by', models.CharField(blank=True, default='', max_length=150)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('channel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='monitoring.notificationchannel')),
                ('tag', models.ForeignKey(blank=True, null=True, on_delete=strategies.models.scoped.unless_in_force, related_name='%(class)ss', to='strategies.tag')),
                ('target', models.ForeignKey(blank=True, null=True, on_delete=strategies.models.scoped.unless_in_force, related_name='%(class)ss', to='strategies.target')),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=strategies.models.scoped.unless_in_force, related_name='%(class)ss', to='strategies.tenant')),
            ],
            options={
                'db_table': 'portal_notification_rule',
                'ordering': ['name'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(models.Q(('tag', None)), models.Q(('environment', '')), models.Q(('tenant', None))), models.Q(models.Q(('target', None)), models.Q(('environment', '')), models.Q(('tenant', None))), models.Q(models.Q(('target', None)), models.Q(('tag', None)), models.Q(('tenant', None))), models.Q(models.Q(('target', None)), models.Q(('tag', None)), models.Q(('environment', ''))), _connector='OR'), name='portal_notificationrule_scope')],
            },
        ),
    ]
