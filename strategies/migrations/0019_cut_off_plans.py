"""A run counts apart how often the worker that planned it was lost: trouble of its target is no reason to give it up sooner."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0018_job_dependencies")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="plan_cut_offs",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often the worker that planned it was lost."
            ),
        ),
    ]
