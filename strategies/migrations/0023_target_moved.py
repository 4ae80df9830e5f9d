"""A database that got another address is another database: what was seen before is none of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0022_runs_by_status_newest")]

    operations = [
        migrations.AddField(
            model_name="target", name="moved_at", field=models.DateTimeField(blank=True, editable=False, null=True)
        ),
    ]
