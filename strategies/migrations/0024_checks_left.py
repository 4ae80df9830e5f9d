"""How many checks a look leaves to a run is a number, which pages put into words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0023_target_moved")]

    operations = [
        migrations.AddField(
            model_name="assessment", name="checks_left", field=models.PositiveIntegerField(default=0)
        ),
    ]
