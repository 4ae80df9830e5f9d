"""The demo's systems: what runs on its databases, in the words of those who only use it."""

from __future__ import annotations

from monitoring import systems
from monitoring.models import System
from strategies.audit import Actor
from strategies.models import Target, User
from strategies.refused import Refused

SHOP, ARCHIVE = "Web shop", "Archive of orders"
NAMES = (SHOP, ARCHIVE)
OWNER = "dba"
_ON = {SHOP: ("demo-sqlite", "demo-postgresql"), ARCHIVE: ("demo-archive",)}
_NOTICE = {SHOP: "Pages may take longer to open.", ARCHIVE: "Old orders can be looked up, and not be added."}


def ensure(actor: Actor) -> list[str]:
    """Put those databases of the demo in a system that are in none. Notes on what is refused."""
    owner = User.objects.filter(username=OWNER).first()
    if owner is None:
        return []
    notes = []
    for name in NAMES:
        found = list(Target.objects.filter(is_demo=True, name__in=_ON[name], systems=None).select_related("tenant"))
        if not found:
            continue
        tenant = found[0].tenant
        row = System.objects.filter(name=name, tenant=tenant).first()
        before = list(row.targets.all()) if row is not None else []
        row = row or System(name=name, tenant=tenant, notice=_NOTICE[name])
        try:
            systems.keep_system(actor, owner, row, [*before, *found], drawn_from=systems.version_of(row))
        except Refused as refusal:
            notes.append(f"The demo's system {name}: {refusal}")
    return notes
