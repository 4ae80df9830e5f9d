"""A run that could not be planned because of trouble that may pass counts its attempts: they come ever less often."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0012_runs_that_undo")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="plan_attempts",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often it could not be planned because of trouble that may pass.",
            ),
        ),
    ]
