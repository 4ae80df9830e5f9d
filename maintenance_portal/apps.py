"""The project itself as an app, so that its commands and checks are found."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "maintenance_portal"
    verbose_name = "Maintenance Portal"

    def ready(self) -> None:
        from maintenance_portal import checks, database_checks, sign_ins  # noqa: F401  (registers them)
