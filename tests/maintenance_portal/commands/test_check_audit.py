"""check_audit: says up to where the seals hold, and ends with 1 where they do not."""

from __future__ import annotations

import pytest
from django.utils import timezone

from strategies import audit, sealing
from strategies.audit import Actor
from strategies.models import AuditSeal, Portal
from tests.maintenance_portal.commands.conftest import command
from tests.strategies.test_sealing import unguarded

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_tells_up_to_where_the_seals_hold_and_what_was_changed() -> None:
    assert command("check_audit", "--json").answer["last"] == 0
    for _ in range(3):
        audit.record(Actor("anna"), "target.changed", Portal.objects.get(pk=1))
    sealing.seal(timezone.now())
    last = AuditSeal.objects.get(number=3)
    good = command("check_audit", "--json")
    assert (good.code, good.answer["last"], good.answer["digest"], good.answer["broken"]) == (0, 3, last.digest, [])
    assert last.digest in command("check_audit").out
    unguarded("UPDATE portal_audit_entry SET actor = 'nobody'")
    bad = command("check_audit", "--json")
    assert (bad.code, [one["number"] for one in bad.answer["broken"]]) == (1, [1, 2, 3])
    assert "Seal 1: entry" in command("check_audit").out
    assert command("check_audit", "--from", "0").code == 2
