"""What databases log themselves is collected, each row once."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0037_utc_defaults")]

    operations = [
        migrations.CreateModel(
            "LogCollection",
            [
                ("target", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="log_collection", serialize=False,
                    to="strategies.target",
                )),
                ("next_at", models.DateTimeField(help_text="When a worker is woken for it again.")),
                ("changed_at", models.DateTimeField(
                    blank=True, help_text="The latest change that was read, by the database's clock.", null=True
                )),
                ("wide_at", models.DateTimeField(blank=True, help_text="When a whole day was looked through last.", null=True)),
                ("reading_at", models.DateTimeField(
                    blank=True, help_text="How far a look came that had more to read than one task takes.", null=True
                )),
                ("reading_after", models.BigIntegerField(default=0)),
                ("collected_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, default="", max_length=2000)),
                ("failures", models.PositiveIntegerField(default=0)),
            ],
            {
                "db_table": "portal_log_collection",
                "indexes": [models.Index(fields=["next_at"], name="portal_collection_next")],
            },
        ),
        migrations.CreateModel(
            "CollectedOperation",
            [
                ("key", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("operation_id", models.BigIntegerField()),
                ("changed_at", models.DateTimeField()),
                ("is_ended", models.BooleanField()),
                ("target", models.ForeignKey(
                    db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="strategies.target"
                )),
            ],
            {
                "db_table": "portal_collected_operation",
                "indexes": [models.Index(fields=["changed_at"], name="portal_collected_by_change")],
            },
        ),
    ]  # fmt: skip
