"""What was pruned is kept with the batch that deletes it until the audit tells it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0006_when_asked")]

    operations = [
        migrations.AddField(
            model_name="logcare",
            name="untold",
            field=models.JSONField(
                default=dict,
                help_text="What was pruned and is not in the audit yet: by whom, and how many rows of which strategies.",
            ),
        ),
    ]
