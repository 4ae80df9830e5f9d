"""A person's time zone is one that exists."""

from django.db import migrations, models

import strategies.models.access


class Migration(migrations.Migration):
    dependencies = [("strategies", "0005_audit_guard_whole")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="time_zone",
            field=models.CharField(
                blank=True,
                default="",
                help_text="IANA name; empty = the portal's own.",
                max_length=64,
                validators=[strategies.models.access.known_time_zone],
            ),
        ),
    ]
