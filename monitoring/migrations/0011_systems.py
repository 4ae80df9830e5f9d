"""Stakeholders: systems in their words, subscriptions, links to status pages, and the maintenance that is announced."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import monitoring.models.system

STAGES = [
    ("planned", "Planned"), ("started", "Under way"), ("verifying", "Being checked"), ("done", "Done"),
    ("unfinished", "Not completed"), ("cancelled", "Cancelled"), ("withdrawn", "No longer told"),
]  # fmt: skip
SEVERITIES = ["info", "warning", "critical"]
ROLES = ["DBA", "approver", "manager", "stakeholder", "auditor"]
STEPS = [
    ("all", "Each step, with a reminder"),
    ("main", "Plan, changes and end"),
]  # fmt: skip


def pk():
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0010_tenants_of_messages"),
        ("strategies", "0036_approvals_by_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="System",
            fields=[
                ("id", pk()),
                ("name", models.CharField(max_length=80)),
                ("notice", models.CharField(blank=True, default="", max_length=500)),
                ("strategies", models.JSONField(blank=True, default=list)),
                (
                    "ahead_hours",
                    models.PositiveIntegerField(
                        default=72,
                        validators=[
                            django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(336)
                        ],
                    ),
                ),
                (
                    "reminder_minutes",
                    models.PositiveIntegerField(default=60, validators=[django.core.validators.MaxValueValidator(10080)]),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("is_active", models.BooleanField(default=True)),
                ("look_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("changes", models.PositiveIntegerField(default=0, editable=False)),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
                ("changed_at", models.DateTimeField(auto_now=True)),
                ("targets", models.ManyToManyField(db_table="portal_system_target", related_name="systems", to="strategies.target")),
                (
                    "tenant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="systems", to="strategies.tenant"),
                ),
            ],
            options={
                "db_table": "portal_system",
                "ordering": ["name", "pk"],
                "indexes": [models.Index(fields=["is_active", "look_at"], name="portal_system_look")],
                "constraints": [models.UniqueConstraint(fields=("tenant", "name"), name="portal_system_name")],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", pk()),
                ("address", models.CharField(max_length=254)),
                ("steps", models.CharField(choices=STEPS, default="all", max_length=10)),
                ("key", models.CharField(default=monitoring.models.system.new_key, max_length=64, unique=True)),
                ("asked_by", models.CharField(blank=True, default="", help_text="Empty = from a status page.", max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("left_at", models.DateTimeField(blank=True, null=True)),
                ("left_by", models.CharField(blank=True, default="", help_text="Empty = its owner, by a link.", max_length=150)),
                (
                    "system",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="subscriptions", to="monitoring.system"),
                ),
            ],
            options={
                "db_table": "portal_subscription",
                "ordering": ["address", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("system", "address"), name="portal_subscription_one"),
                    models.CheckConstraint(condition=models.Q(("steps__in", ["all", "main"])), name="portal_subscription_steps"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StatusPage",
            fields=[
                ("id", pk()),
                ("name", models.CharField(max_length=80)),
                ("key", models.CharField(default=monitoring.models.system.new_key, max_length=64, unique=True)),
                ("made_by", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="status_pages", to="strategies.tenant"),
                ),
            ],
            options={"db_table": "portal_status_page", "ordering": ["-made_at", "-id"]},
        ),
        migrations.CreateModel(
            name="Announcement",
            fields=[
                ("id", pk()),
                ("stage", models.CharField(choices=STAGES, default="planned", max_length=10)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                ("told_starts_at", models.DateTimeField(blank=True, null=True)),
                ("told_ends_at", models.DateTimeField(blank=True, null=True)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "changes",
                    models.PositiveIntegerField(default=0, help_text="How often its times or its stage became others."),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "system",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="announcements", to="monitoring.system"),
                ),
            ],
            options={
                "db_table": "portal_announcement",
                "ordering": ["starts_at", "pk"],
                "indexes": [
                    models.Index(fields=["system", "stage", "starts_at"], name="portal_announcement_stage"),
                    models.Index(fields=["closed_at"], name="portal_announcement_closed"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", [stage for stage, _ in STAGES])), name="portal_announcement_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnnouncedWork",
            fields=[
                ("id", pk()),
                ("key", models.CharField(max_length=260, unique=True)),
                ("work", models.CharField(max_length=200)),
                ("strategy_name", models.CharField(max_length=50)),
                ("due_at", models.DateTimeField()),
                ("doing", models.CharField(help_text="See maintenance_life.Doing.", max_length=10)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                (
                    "announcement",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="works", to="monitoring.announcement"),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to="strategies.maintenancejob",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to="strategies.jobrun",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="strategies.target"),
                ),
            ],
            options={
                "db_table": "portal_announced_work",
                "ordering": ["starts_at", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("doing__in", ["coming", "working", "verifying", "done", "broken", "missed", "gone", "dropped"])),
                        name="portal_work_doing",
                    ),
                ],
            },
        ),
        migrations.RemoveField(model_name="notification", name="leave_path"),
        migrations.AddField(
            model_name="notification",
            name="announcement",
            field=models.ForeignKey(
                blank=True, help_text="The maintenance of whose life it tells a stakeholder.", null=True,
                on_delete=django.db.models.deletion.SET_NULL, related_name="notifications", to="monitoring.announcement",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="subscription",
            field=models.ForeignKey(
                blank=True, help_text="Whose own links go along; they stand in no row.", null=True,
                on_delete=django.db.models.deletion.SET_NULL, related_name="notifications", to="monitoring.subscription",
            ),
        ),
        *(
            migrations.AddConstraint(model_name=model, constraint=models.CheckConstraint(condition=condition, name=name))
            for model, name, condition in (
                ("notification", "portal_notification_state_is", models.Q(("state__in", ["waiting", "delivered", "failed", "dropped"]))),
                ("notification", "portal_notification_severe", models.Q(("severity__in", SEVERITIES))),
                ("notification", "portal_notification_for", models.Q(("audience__in", ["technical", "plain"]))),
                ("notificationrule", "portal_notification_rule_from", models.Q(("least_severity__in", SEVERITIES))),
                ("notificationrule", "portal_notification_rule_role", models.Q(("role", ""), ("role__in", ROLES), _connector="OR")),
            )
        ),
    ]  # fmt: skip
