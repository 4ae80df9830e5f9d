"""The log's measure tells which of its rows have a time that cannot be read."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0004_jobs_by_number'),
    ]

    operations = [
        migrations.AddField(
            model_name='logsize',
            name='unreadable',
            field=models.JSONField(default=list, help_text='The first of them, by their keys.'),
        ),
        migrations.AddField(
            model_name='logsize',
            name='unreadable_count',
            field=models.BigIntegerField(help_text='Rows whose time cannot be read; empty = nobody has looked.', null=True),
        ),
    ]
