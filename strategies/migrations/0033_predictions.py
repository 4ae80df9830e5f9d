"""How long a run will take, and which work was begun last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0032_load_and_budgets")]

    operations = [
        migrations.AddField(
            model_name="duration",
            name="begun_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="predicted",
            field=models.JSONField(
                blank=True, help_text="How long it will take, see predictions.Prediction.", null=True
            ),
        ),
    ]
