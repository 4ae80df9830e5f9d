"""The tables that CLEANUP and ARCHIVE leave alone, as a portal has them."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

from strategies.platforms.old_rows import PORTAL_TABLES


def test_every_table_of_the_portal_is_known_by_its_name() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert {table for table in tables if not table.startswith(PORTAL_TABLES)} == set()
    assert "portal_installation" in tables, "one of the two that mark a portal's own schema"


def test_the_portals_own_database_carries_both_marks(db: None) -> None:
    assert {"portal_installation", "django_migrations"} <= set(connection.introspection.table_names())
