"""The rows that every installation has: the seed's reference values, the five groups, the first tenant, and the target *home*.

Kept by a handler of Django's post_migrate, so that they exist after `migrate` alone, come with an upgrade, and are never doubled.
A row that people switched off or described anew stays as they left it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, transaction

from strategies import registry

_DATABASE, _APPLICATION, _SYSTEM = "DATABASE", "APPLICATION", "SYSTEM"

STRATEGIES = {
    "PARTITION_MAINTENANCE": (_DATABASE, "Keeps partitions ahead of the data, and drops what is past its time."),
    "INDEX_MAINTENANCE": (
        _DATABASE,
        "Repairs invalid indexes, removes leftovers, rebuilds what is bloated by evidence.",
    ),
    "STATISTICS_MAINTENANCE": (_DATABASE, "Gathers optimizer statistics where they are missing or stale."),
    "CLEANUP_MAINTENANCE": (_DATABASE, "Removes data and files that are no longer needed."),
    "BACKUP_MAINTENANCE": (
        _DATABASE,
        "Copies a table beside itself before it is changed, and keeps the newest copies.",
    ),
    "ARCHIVE_MAINTENANCE": (_DATABASE, "Moves old data to where it costs less."),
    "SECURITY_MAINTENANCE": ("SECURITY", "Looks after accounts, rights and their expiry."),
    "PERFORMANCE_MAINTENANCE": ("PERFORMANCE", "Finds and mends what makes a database slow."),
    "COMPLIANCE_MAINTENANCE": ("COMPLIANCE", "Checks and documents what rules demand."),
    "MONITORING_MAINTENANCE": ("MONITORING", "Measures tables and transactions against limits, and changes nothing."),
}
OPERATION_TYPES = (
    "OPTIMIZE CREATE UPDATE DELETE ANALYZE REBUILD COMPRESS CLEANUP BACKUP RESTORE ARCHIVE MIGRATE VALIDATE MONITOR "
    "REPORT CONFIGURE"
).split()
JOB_TYPES = (
    "MAINTENANCE ANALYSIS OPTIMIZATION CLEANUP BACKUP ARCHIVE MIGRATION VALIDATION MONITORING REPORTING"
).split()
SCHEDULE_TYPES = "DAILY WEEKLY MONTHLY QUARTERLY YEARLY CUSTOM ON_DEMAND EVENT_DRIVEN".split()
TARGET_TYPES = {
    _DATABASE: "TABLE INDEX SCHEMA DATABASE PARTITION TABLESPACE USER ROLE".split(),
    _APPLICATION: "APPLICATION SERVICE".split(),
    _SYSTEM: "FILE DIRECTORY".split(),
}
OPERATION_STATUS = "STARTED RUNNING PENDING SUCCESS WARNING ERROR CANCELLED TIMEOUT INFO".split()
DEPLOYMENT_STATUS = "PENDING IN_PROGRESS COMPLETED FAILED ROLLED_BACK CANCELLED".split()

FIRST_TENANT = "Main"


def ensure(apps: Any, using: str = "default") -> None:
    """Add what is missing. `apps` gives the models, as in a migration."""
    with transaction.atomic(using=using):
        _portal(apps, using)
        _words(apps, using)
        _access(apps, using)
        _home(apps, using)


def _portal(apps: Any, using: str) -> None:
    apps.get_model("strategies", "Portal").objects.using(using).get_or_create(pk=1)


def _words(apps: Any, using: str) -> None:
    for model, (key, rows) in _known().items():
        manager = apps.get_model("strategies", model).objects.using(using)
        there = set(manager.values_list(key, flat=True))
        missing = {word: values for word, values in rows.items() if word not in there}
        manager.bulk_create(manager.model(**{key: word}, **values) for word, values in missing.items())


def _known() -> dict[str, tuple[str, dict[str, dict[str, str]]]]:
    """Of each lookup table: the column that holds the word, and its rows by word."""
    strategies = {
        name: (routine.category, routine.title) for name, routine in registry.own_routines().items()
    } | STRATEGIES
    return {
        "StrategyType": (
            "strategy_name",
            {name: _told(text, category) for name, (category, text) in strategies.items()},
        ),
        "OperationType": ("operation_type", {word: _told(_plain(word), _DATABASE) for word in OPERATION_TYPES}),
        "JobType": ("job_type", {word: _told(_plain(word), _DATABASE) for word in JOB_TYPES}),
        "ScheduleType": ("schedule_type", {word: _told(_plain(word)) for word in SCHEDULE_TYPES}),
        "TargetType": (
            "target_type",
            {word: _told(_plain(word), category) for category, words in TARGET_TYPES.items() for word in words},
        ),
        "OperationStatusRow": ("status", {word: _told(_plain(word)) for word in OPERATION_STATUS}),
        "DeploymentStatusRow": ("status", {word: _told(_plain(word)) for word in DEPLOYMENT_STATUS}),
    }


def _told(description: str, category: str = "") -> dict[str, str]:
    return {"description": description, **({"category": category} if category else {})}


def _access(apps: Any, using: str) -> None:
    from strategies.models.access import Role

    group: type[models.Model] = apps.get_model("auth", "Group")
    for role in Role:
        group._default_manager.using(using).get_or_create(name=role.value)
    apps.get_model("strategies", "Tenant").objects.using(using).get_or_create(name=FIRST_TENANT)


def _home(apps: Any, using: str) -> None:
    """The portal's own database as a target. Its address follows DATABASE_URL; here stands only that it is home."""
    target = apps.get_model("strategies", "Target").objects.using(using)
    platform = settings.DATABASES["default"]["ENGINE"].rsplit(".", 1)[1].removesuffix("3")
    tenant = apps.get_model("strategies", "Tenant").objects.using(using).get(name=FIRST_TENANT)
    home, _ = target.get_or_create(
        is_home=True,
        defaults={
            "name": "home",
            "platform": platform,
            "url": "",
            "owner": "The portal itself",
            "tenant": tenant,
            "environment": "production",
        },
    )
    target.filter(pk=home.pk).exclude(platform=platform).update(platform=platform)


def _plain(word: str) -> str:
    return word.replace("_", " ").capitalize()
