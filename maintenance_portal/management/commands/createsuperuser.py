"""createsuperuser: Django's own, with an audit entry: nobody gets every right unseen."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from maintenance_portal.accounts import recorded


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with recorded("user.added", {"is_superuser": True, "is_staff": True}):
            return super().handle(*args, **options)
