"""Runs that wait for somebody carry a mark with an index of its own, so that their list costs the same however many runs there are."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('strategies', '0008_audit_indexes'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='jobrun',
            name='portal_run_unhandled',
        ),
        migrations.AddField(
            model_name='jobrun',
            name='awaits_handling',
            field=models.BooleanField(default=False, help_text='It ended badly, and nobody has said yet what was done about it.'),
        ),
        migrations.AddIndex(
            model_name='jobrun',
            index=models.Index(fields=['awaits_handling', 'id'], name='portal_run_unhandled'),
        ),
    ]
