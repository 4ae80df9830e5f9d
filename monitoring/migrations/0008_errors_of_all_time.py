"""The list of errors asks all time of an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0007_untold_prunings"), ("strategies", "0022_runs_by_status_newest")]

    operations = [
        migrations.AddIndex(
            model_name="errorday",
            index=models.Index(
                fields=["group", "target", "last_at", "first_at", "count"], name="portal_error_of_all_time"
            ),
        ),
    ]
