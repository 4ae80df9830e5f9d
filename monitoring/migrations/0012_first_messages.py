"""Whether an announced end is only the latest, when a system was looked at, and what a subscriber's first message named."""

from django.db import migrations, models

LATEST = "Its end is only the latest."


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0011_systems")]

    operations = [
        migrations.AddField("announcement", "is_bound", models.BooleanField(default=False, help_text=LATEST)),
        migrations.AddField("announcedwork", "is_bound", models.BooleanField(default=False, help_text=LATEST)),
        migrations.AddField("announcement", "told_is_bound", models.BooleanField(default=False)),
        migrations.AddField("announcement", "named_starts_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("system", "looked_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField(
            "subscription", "listed",
            models.JSONField(blank=True, default=list, help_text="Announcements that stood in the first message."),
        ),
        migrations.AddField(
            "subscription", "listed_until",
            models.BigIntegerField(default=0, help_text="The entry of its yes: steps before it stood there, too."),
        ),
    ]  # fmt: skip
