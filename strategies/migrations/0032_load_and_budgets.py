"""Load that a target bears, what a run may use and has used of it, and what was seen before its start."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0031_break_glass")]

    operations = [
        migrations.AddField(
            model_name="target",
            name="load_limit",
            field=models.FloatField(
                blank=True,
                help_text="Above it nothing starts and runs wait between their steps, see Platform.load; empty = no limit.",
                null=True,
                validators=[django.core.validators.MinValueValidator(0.1)],
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="precheck_notes",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Sentences: what was seen before its start and did not keep it from starting.",
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="used",
            field=models.JSONField(
                blank=True, help_text="What its steps have used so far, see budgets.Used.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="jobrun",
            name="limits",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What each step, and all together, may use; see plans.Limits and budgets.Budget.",
            ),
        ),
    ]
