"""Versions of generated strategies, what became of them on databases, and with which of them a run worked."""

import django.db.models.deletion
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
CASCADE, SET_NULL = django.db.models.deletion.CASCADE, django.db.models.deletion.SET_NULL


class Migration(migrations.Migration):
    dependencies = [("strategies", "0039_framework_imports")]

    operations = [
        migrations.AddField(
            model_name="jobrun",
            name="strategy_version",
            field=models.PositiveIntegerField(
                blank=True, null=True,
                help_text="Of a generated strategy the version that it worked with; of a deployment its own.",
            ),
        ),
        migrations.CreateModel(
            name="StrategyVersion",
            fields=[
                ID,
                ("strategy_name", models.CharField(max_length=50)),
                ("number", models.PositiveIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("definition", models.JSONField()),
                ("files", models.JSONField()),
                ("registration", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=150)),
            ],
            options={
                "db_table": "portal_strategy_version",
                "ordering": ["strategy_name", "-number"],
                "constraints": [
                    models.UniqueConstraint(fields=["strategy_name", "number"], name="portal_version_number"),
                    models.UniqueConstraint(fields=["strategy_name", "digest"], name="portal_version_digest"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deployment",
            fields=[
                ID,
                ("strategy_name", models.CharField(max_length=50)),
                ("number", models.PositiveIntegerField(blank=True, null=True)),
                ("at", models.DateTimeField()),
                (
                    "place",
                    models.ForeignKey(db_index=False, on_delete=CASCADE, related_name="+", to="strategies.target"),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=SET_NULL, related_name="deployments", to="strategies.jobrun"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("COMPLETED", "Deployed"), ("FAILED", "Failed"), ("ROLLED_BACK", "Rolled back")], max_length=20
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(db_index=False, on_delete=CASCADE, related_name="+", to="strategies.target"),
                ),
            ],
            options={
                "db_table": "portal_deployment",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["place", "strategy_name", "id"], name="portal_deployment_by_place"),
                    models.Index(fields=["target", "id"], name="portal_deployment_by_target"),
                ],
            },
        ),
    ]
