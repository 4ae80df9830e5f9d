"""Django's own commands for accounts: they do what they did, and the audit tells who typed them."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from strategies.models import AuditEntry, User
from tests.maintenance_portal.commands.conftest import Installation, command

pytestmark = pytest.mark.django_db


def test_a_superuser_is_not_made_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "s3cr3t-and-long")
    assert command("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org").code == 0
    root = User.objects.get(username="root")
    assert root.is_superuser
    assert root.check_password("s3cr3t-and-long")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_name) == ("user.added", str(root.pk), "root")
    assert entry.actor.startswith("cli:")
    assert entry.after == {"is_superuser": True, "is_staff": True}
    assert "s3cr3t" not in str(AuditEntry.objects.values())


def test_a_superuser_that_is_refused_leaves_no_entry() -> None:
    User.objects.create_user("root")
    assert command("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org").code != 0
    User.objects.create_user("later")
    assert not AuditEntry.objects.exists()


def test_a_password_is_not_changed_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = User.objects.create_user("anna", password="before")
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "Zq8!vvnt-hard")
    call_command("changepassword", "anna")
    anna.refresh_from_db()
    assert anna.check_password("Zq8!vvnt-hard")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_name, entry.before, entry.after) == ("user.password_set", "anna", None, None)


def test_the_command_line_means_these_commands(installation: Installation) -> None:
    said = installation.command(
        "createsuperuser", "--noinput", "--username", "root", "--email", "root@example.org",
        DJANGO_SUPERUSER_PASSWORD="s3cr3t-and-long",
    )  # fmt: skip
    assert said.code == 0, said.err
    assert installation.rows("SELECT action, object_name FROM portal_audit_entry") == [("user.added", "root")]
