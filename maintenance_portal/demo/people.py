"""The demo's people: who they are, how they are told from real ones, and where their passwords stand."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet

from strategies import audit
from strategies.audit import Actor
from strategies.models import Role, Tenant, User
from strategies.reference_rows import FIRST_TENANT

OTHER_TENANT = "Other"
MARK = "@demo.invalid"  # a top-level domain that nobody can have (RFC 2606): the mark of a demo user


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: Role
    tenant: str = FIRST_TENANT


PEOPLE = (
    Person("dba", Role.DBA),
    Person("approver", Role.APPROVER),
    Person("manager", Role.MANAGER),
    Person("stakeholder", Role.STAKEHOLDER),
    Person("auditor", Role.AUDITOR),
    Person("outsider", Role.DBA, OTHER_TENANT),
)


def marked() -> QuerySet[User]:
    """Users that seeding made; one whose address somebody changed has become a real one."""
    return User.objects.filter(email__endswith=MARK)


def sign_ins() -> list[tuple[str, str]]:
    """(name, password) of the demo users that exist, for whoever sits at this machine."""
    known, there = _passwords(), set(marked().values_list("username", flat=True))
    return [(person.name, known[person.name]) for person in PEOPLE if person.name in there and person.name in known]


def ensure(actor: Actor) -> list[str]:
    """Add the people that are missing. Notes on names that others have. Raises OSError."""
    known = _passwords()
    there = dict(User.objects.filter(username__in=[p.name for p in PEOPLE]).values_list("username", "email"))
    kept = {person.name: known.get(person.name) or secrets.token_urlsafe(12) for person in PEOPLE}
    if kept != known:
        _keep(kept)  # before the users are made: none of them may exist with a password that nobody knows
    for person in PEOPLE:
        if person.name not in there:
            _add(actor, person, kept[person.name])
        elif there[person.name].endswith(MARK) and person.name not in known:
            _set_password(actor, person, kept[person.name])
    return [
        f"A user {name} exists who is not of the demo, and is left alone."
        for name, email in there.items()
        if not email.endswith(MARK)
    ]


def _add(actor: Actor, person: Person, password: str) -> None:
    with transaction.atomic():
        tenant, is_new = Tenant.objects.get_or_create(name=person.tenant)
        if is_new:
            audit.record(actor, "tenant.added", tenant, reason="demo")
        user = User.objects.create_user(person.name, f"{person.name}{MARK}", password)
        user.groups.set([Group.objects.get_or_create(name=person.role.value)[0]])
        user.tenants.set([tenant])
        audit.record(actor, "user.added", user, after={"role": person.role.value, "tenant": tenant.name}, reason="demo")


def _set_password(actor: Actor, person: Person, password: str) -> None:
    """Where the file was lost, the old one is known to nobody."""
    with transaction.atomic():
        user = User.objects.get(username=person.name)
        user.set_password(password)
        user.save(update_fields=["password"])
        audit.record(actor, "user.password_set", user, reason="demo")


def password_file() -> Path:
    return Path(settings.PORTAL_DATA) / "demo-passwords"


def _passwords() -> dict[str, str]:
    try:
        lines = password_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {name: password for name, _, password in (line.partition(" ") for line in lines) if password}


def _keep(passwords: dict[str, str]) -> None:
    """The file appears complete or not at all, readable by its owner only."""
    path = password_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name} {password}\n" for name, password in passwords.items())
    os.replace(draft, path)
