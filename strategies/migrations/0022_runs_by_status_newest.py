"""The list of runs in one state is read in its order, however many there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0021_listeners_left")]

    operations = [
        migrations.AddIndex(
            model_name="jobrun", index=models.Index(fields=["status", "id"], name="portal_run_newest")
        ),
    ]
