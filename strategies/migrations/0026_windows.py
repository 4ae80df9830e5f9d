"""Windows, what people change of their slots, and what a run keeps of the one it is in."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import strategies.models.scoped

IN_ONE_SCOPE = (
    Q(Q(tag=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(environment=""))
)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0025_holds_in_any_scope")]

    operations = [
        migrations.CreateModel(
            name="MaintenanceWindow",
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
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "is_active",
                    models.BooleanField(default=True, help_text="One that is off covers nothing, and permits nothing."),
                ),
                (
                    "capacity",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Runs at once in it; empty = as the other limits say.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                ("owner", models.CharField(help_text="User name of who answers for it.", max_length=150)),
                (
                    "extended_by",
                    models.CharField(
                        choices=[("DBA", "DBA"), ("approver", "Approver")],
                        default="DBA",
                        help_text="Who, besides its owner, may extend a slot of it.",
                        max_length=20,
                    ),
                ),
                (
                    "extend_minutes",
                    models.PositiveSmallIntegerField(
                        default=60,
                        help_text="By how much at most a slot is extended.",
                        validators=[django.core.validators.MaxValueValidator(1440)],
                    ),
                ),
                (
                    "grace_minutes",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="After its end no step begins; what is at work then is cancelled so much later.",
                        validators=[django.core.validators.MaxValueValidator(240)],
                    ),
                ),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "portal_window",
                "ordering": ["name"],
                "constraints": [models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_maintenancewindow_scope")],
            },
        ),
        migrations.CreateModel(
            name="WindowChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="changes",
                        to="strategies.maintenancewindow",
                    ),
                ),
                ("starts_at", models.DateTimeField(help_text="The slot's start, by which it is known.")),
                ("planned_end_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("changed_by", models.CharField(max_length=150)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "portal_window_change",
                "ordering": ["id"],
                "indexes": [models.Index(fields=["ends_at"], name="portal_window_change_by_end")],
            },
        ),
        migrations.AddField(
            model_name="jobrun",
            name="is_read_only",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Its plan changes nothing: it needs no window, and no freeze stops it.",
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="window_ends_at",
            field=models.DateTimeField(
                blank=True, help_text="No step begins after it: its window is over then, or a freeze begins.", null=True
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="window_starts_at",
            field=models.DateTimeField(blank=True, help_text="The slot of the window, by its start.", null=True),
        ),
        migrations.AlterField(
            model_name="jobrun",
            name="origin",
            field=models.CharField(
                choices=[
                    ("page", "By hand"),
                    ("command", "Command"),
                    ("schedule", "Schedule"),
                    ("event", "Event"),
                    ("resume", "Resumed"),
                    ("retry", "Tried again"),
                    ("continue", "Carried on in the next window"),
                    ("undo", "Undo"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="window",
            field=models.ForeignKey(
                blank=True,
                help_text="In which it began; empty = outside of any.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="runs",
                to="strategies.maintenancewindow",
            ),
        ),
    ]
