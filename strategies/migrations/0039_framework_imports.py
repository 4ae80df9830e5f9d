"""Imports of the older framework for partitions, the archives that they are made from, and the rows that are known already."""

import django.db.models.deletion
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
CASCADE = django.db.models.deletion.CASCADE


class Migration(migrations.Migration):
    dependencies = [("strategies", "0038_collected_operations")]

    operations = [
        migrations.CreateModel(
            name="FrameworkFile",
            fields=[
                ID,
                ("name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                ("created_at", models.DateTimeField()),
            ],
            options={"db_table": "portal_framework_file"},
        ),
        migrations.CreateModel(
            name="FrameworkSource",
            fields=[
                ID,
                ("schema", models.CharField(max_length=128)),
                ("table_name", models.CharField(max_length=40)),
                (
                    "target",
                    models.ForeignKey(db_index=False, on_delete=CASCADE, related_name="+", to="strategies.target"),
                ),
            ],
            options={
                "db_table": "portal_framework_source",
                "constraints": [
                    models.UniqueConstraint(fields=["target", "schema", "table_name"], name="portal_fwsource_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportedRow",
            fields=[
                ID,
                ("old_id", models.BigIntegerField()),
                ("row_id", models.BigIntegerField()),
                ("digest", models.CharField(max_length=32)),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False, on_delete=CASCADE, related_name="rows", to="strategies.frameworksource"
                    ),
                ),
            ],
            options={
                "db_table": "portal_imported_row",
                "constraints": [models.UniqueConstraint(fields=["source", "old_id"], name="portal_imported_once")],
            },
        ),
        migrations.CreateModel(
            name="FrameworkImport",
            fields=[
                ID,
                (
                    "schema",
                    models.CharField(
                        blank=True, default="", help_text="Empty = the only one that has the tables.", max_length=128
                    ),
                ),
                (
                    "file_name",
                    models.CharField(
                        blank=True, default="", help_text="Empty = read from the database.", max_length=500
                    ),
                ),
                ("time_zone", models.CharField(max_length=64)),
                ("is_dry", models.BooleanField(default=True)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("woken_at", models.DateTimeField(blank=True, null=True)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("busy_until", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.CharField(blank=True, default="", max_length=2000)),
                ("position", models.JSONField(default=dict)),
                ("report", models.JSONField(default=dict)),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="strategies.frameworkfile",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(on_delete=CASCADE, related_name="framework_imports", to="strategies.target"),
                ),
            ],
            options={
                "db_table": "portal_framework_import",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["finished_at"], name="portal_fwimport_open")],
            },
        ),
    ]
