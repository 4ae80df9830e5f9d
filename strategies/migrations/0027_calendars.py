"""Calendars of freezes and backups, their entries, and where they hold."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import strategies.models.calendar
import strategies.models.scoped

IN_ONE_SCOPE = (
    Q(Q(tag=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(environment=""))
)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0026_windows")]

    operations = [
        migrations.CreateModel(
            name="Calendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("freeze", "Freeze"), ("backup", "Backup")], default="freeze", max_length=10
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "owner",
                    models.CharField(
                        help_text="User name of who answers for it, and may lift its freezes.", max_length=150
                    ),
                ),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "portal_calendar",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="CalendarScope",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "target",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=strategies.models.scoped.unless_in_force,
                        related_name="%(class)ss",
                        to="strategies.target",
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=strategies.models.scoped.unless_in_force,
                        related_name="%(class)ss",
                        to="strategies.tag",
                    ),
                ),
                (
                    "environment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("development", "Development"),
                            ("test", "Test"),
                            ("staging", "Staging"),
                            ("production", "Production"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=strategies.models.scoped.unless_in_force,
                        related_name="%(class)ss",
                        to="strategies.tenant",
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scopes", to="strategies.calendar"
                    ),
                ),
            ],
            options={
                "db_table": "portal_calendar_scope",
                "ordering": ["id"],
                "constraints": [models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_calendarscope_scope")],
            },
        ),
        migrations.CreateModel(
            name="CalendarEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "starts",
                    models.CharField(help_text="2026-11-28T22:00, on the clock of the time zone.", max_length=16),
                ),
                (
                    "minutes",
                    models.PositiveIntegerField(
                        help_text="How long it lasts.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(44640),
                        ],
                    ),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="As an RRULE of RFC 5545 says it; empty = once.",
                        max_length=500,
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="strategies.calendar"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "uid",
                    models.CharField(
                        default=strategies.models.calendar.new_uid,
                        help_text="What it is known by in files of calendars.",
                        max_length=255,
                    ),
                ),
                ("is_imported", models.BooleanField(db_default=False, default=False, help_text="It came from a file.")),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                (
                    "is_whole_days",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="From 00:00 on, until midnight of the clock on the wall.",
                    ),
                ),
                ("left_out", models.JSONField(blank=True, default=list)),
                ("added", models.JSONField(blank=True, default=list)),
                (
                    "lifted",
                    models.JSONField(
                        blank=True, default=list, help_text="Starts (UTC) of slots that its owner took back."
                    ),
                ),
                (
                    "last_end_at",
                    models.DateTimeField(
                        blank=True, help_text="When it is over for good; empty = it has no end.", null=True
                    ),
                ),
            ],
            options={
                "db_table": "portal_calendar_entry",
                "ordering": ["starts", "id"],
                "constraints": [models.UniqueConstraint(fields=("calendar", "uid"), name="portal_calendar_entry_once")],
            },
        ),
    ]
