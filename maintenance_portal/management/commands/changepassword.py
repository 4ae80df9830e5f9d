"""changepassword: Django's own, with an audit entry: nobody takes an account over unseen."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword

from maintenance_portal.accounts import recorded


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        with recorded("user.password_set"):
            return super().handle(*args, **options)
