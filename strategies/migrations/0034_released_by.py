"""Who released a run: that one wants it, and does not approve it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0033_predictions")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="released_by",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Who said last that it may start once the gate lets it; empty = nobody but who asked for it.",
                max_length=150,
            ),
        ),
    ]
