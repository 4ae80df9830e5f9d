"""Feeds: windows and calendars as other calendars read them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import strategies.models.scoped

import strategies.models.feed

IN_ONE_SCOPE = (
    Q(Q(tag=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(environment=""), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(tenant=None))
    | Q(Q(target=None), Q(tag=None), Q(environment=""))
)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0027_calendars")]

    operations = [
        migrations.CreateModel(
            name="Feed",
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="feeds", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("key", models.CharField(default=strategies.models.feed.new_key, max_length=64, unique=True)),
                ("made_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "portal_feed",
                "ordering": ["-made_at", "-id"],
                "constraints": [models.CheckConstraint(condition=IN_ONE_SCOPE, name="portal_feed_scope")],
            },
        ),
    ]
