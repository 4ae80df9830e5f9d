"""A run that takes back another one carries a mark, also when it is the rest of one that was broken off."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0011_average_durations")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="is_undo",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="It takes back what another run did, or is the rest of one that does.",
            ),
        ),
    ]
