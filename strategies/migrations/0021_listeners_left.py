"""Which jobs an announcement that was broken off has not reached yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0020_next_run_typed_over")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="first_left",
            field=models.BigIntegerField(
                null=True, blank=True, help_text="The first of the jobs that have not had their turn yet."
            ),
        ),
        migrations.AddField(
            model_name="event",
            name="last_left",
            field=models.BigIntegerField(null=True, blank=True, help_text="The last of them."),
        ),
    ]
