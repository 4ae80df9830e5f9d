"""Approvals, the words given in them, the rules that ask for them, and delegations."""

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
    dependencies = [("strategies", "0028_feeds")]

    operations = [
        migrations.CreateModel(
            name="ApprovalRule",
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
                ("name", models.CharField(max_length=80, unique=True)),
                ("strategy_name", models.CharField(blank=True, default="", help_text="Empty = each.", max_length=50)),
                (
                    "from_score",
                    models.PositiveSmallIntegerField(
                        default=0, validators=[django.core.validators.MaxValueValidator(100)]
                    ),
                ),
                ("levels", models.JSONField(default=list)),
                ("is_active", models.BooleanField(default=True)),
                ("changed_by", models.CharField(blank=True, default="", max_length=150)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "portal_approval_rule",
                "ordering": ["name"],
                "constraints": [models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_approvalrule_scope")],
            },
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="approvals", to="strategies.jobrun"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Waits for approval"),
                            ("approved", "Approved"),
                            ("sent_back", "Sent back"),
                            ("expired", "Expired"),
                            ("opened", "No longer what was approved"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="asked",
                        max_length=12,
                    ),
                ),
                ("seal", models.CharField(max_length=64)),
                ("sealed", models.JSONField()),
                ("risk", models.JSONField(default=list, help_text="The factors: name, points and words of each.")),
                ("score", models.PositiveSmallIntegerField(default=0)),
                ("levels", models.JSONField(default=list)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("asked_by", models.CharField(max_length=150)),
                (
                    "requesters",
                    models.JSONField(
                        default=list, help_text="User names of all who wanted it: none of them approves it."
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("not_before", models.DateTimeField()),
                ("not_after", models.DateTimeField(help_text="It starts by then, or not on this approval.")),
                (
                    "remind_at",
                    models.DateTimeField(
                        blank=True, help_text="When people are reminded next; empty = no more.", null=True
                    ),
                ),
                ("reminded", models.PositiveSmallIntegerField(default=0)),
                ("reminded_at", models.DateTimeField(blank=True, null=True)),
                ("is_escalated", models.BooleanField(default=False)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("why", models.CharField(blank=True, default="", max_length=1000)),
            ],
            options={
                "db_table": "portal_approval",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["state", "not_after"], name="portal_approval_by_state"),
                    models.Index(fields=["run", "id"], name="portal_approval_by_run"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="words", to="strategies.approval"
                    ),
                ),
                ("level", models.PositiveSmallIntegerField()),
                ("person", models.CharField(max_length=150)),
                ("roles", models.JSONField(default=list)),
                ("instead_of", models.CharField(blank=True, default="", max_length=150)),
                (
                    "verdict",
                    models.CharField(
                        choices=[("approve", "Approved"), ("send_back", "Sent back"), ("comment", "Comment")],
                        max_length=10,
                    ),
                ),
                ("comment", models.CharField(blank=True, default="", max_length=1000)),
                ("given_at", models.DateTimeField()),
                ("once", models.CharField(editable=False, max_length=200, null=True, unique=True)),
            ],
            options={
                "db_table": "portal_approval_word",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.CharField(help_text="User name of whose word is given away.", max_length=150)),
                ("delegate", models.CharField(max_length=150)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "portal_delegation",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("person", models.F("delegate")), _negated=True),
                        name="portal_delegation_of_two",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="jobrun",
            name="needs_approval",
            field=models.BooleanField(
                help_text="Whether people are asked before its start; empty = not known yet, and it waits.", null=True
            ),
        ),
    ]
