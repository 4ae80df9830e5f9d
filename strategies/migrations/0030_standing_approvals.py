"""Standing approvals, and which approvals rest on one."""

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
    dependencies = [("strategies", "0029_approvals")]

    operations = [
        migrations.CreateModel(
            name="StandingApproval",
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
                ("was_for", models.CharField(blank=True, db_default="", default="", editable=False, max_length=200)),
                ("strategy_name", models.CharField(max_length=50)),
                (
                    "most_score",
                    models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(100)]),
                ),
                (
                    "most_runs",
                    models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1)]),
                ),
                ("used_runs", models.PositiveSmallIntegerField(default=0)),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("asked_by", models.CharField(max_length=150)),
                ("asked_at", models.DateTimeField()),
                ("granted_by", models.CharField(blank=True, default="", max_length=150)),
                ("granted_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_why", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "db_table": "portal_standing_approval",
                "ordering": ["-id"],
                "constraints": [models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_standingapproval_scope")],
            },
        ),
        migrations.AddField(
            model_name="approval",
            name="standing",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="uses",
                to="strategies.standingapproval",
            ),
        ),
    ]
