"""What is to be done, doing it, recording it."""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.db.models.signals import post_migrate


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = "Strategies"

    def ready(self) -> None:
        post_migrate.connect(add_reference_rows, sender=self)


def add_reference_rows(using: str, apps: Any = installed, **_: Any) -> None:
    """After every migrate (and after a test emptied the tables). `apps` may be of an older migration: then it waits."""
    from strategies import reference_rows

    try:
        apps.get_model("strategies", "Portal")
    except LookupError:
        return
    reference_rows.ensure(apps, using)
