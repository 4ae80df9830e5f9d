"""Two people let a run start against windows, freezes and holds."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0030_standing_approvals")]

    operations = [
        migrations.CreateModel(
            name="BreakGlass",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="glasses", to="strategies.jobrun"
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("second", models.CharField(blank=True, default="", max_length=150)),
                ("second_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(help_text="Not begun by then, it counts no more.")),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "overrode",
                    models.JSONField(blank=True, default=list, help_text="The reasons that stood against the start."),
                ),
            ],
            options={
                "db_table": "portal_break_glass",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["ends_at"], name="portal_break_glass_by_end")],
            },
        ),
    ]
