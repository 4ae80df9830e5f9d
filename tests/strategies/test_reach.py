"""How far a person's hand goes: never to databases that they do not see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strategies.models import Hold, Role, Tag, Target, Tenant, User
from strategies.reach import Reach


@pytest.fixture
def places(person: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """anna is of Main; olga's Other has a database of its own, and both have one with the tag shared."""
    anna: User = person("anna", Role.DBA)
    person("olga", Role.DBA, tenant="Other")
    main, other = anna.tenants.get(), Tenant.objects.get(name="Other")
    shop, theirs = (
        Target.objects.create(name=name, platform="sqlite", url=f"sqlite:////n/{name}.db", tenant=tenant)
        for name, tenant in (("shop", main), ("theirs", other))
    )
    own, shared = Tag.objects.create(name="own"), Tag.objects.create(name="shared")
    shop.tags.set([own, shared])
    theirs.tags.set([shared])
    return {
        "database": {"target": shop}, "tenant": {"tenant": main}, "tag": {"tag": own}, "their database": {"target": theirs},
        "their tenant": {"tenant": other}, "shared tag": {"tag": shared}, "environment": {"environment": "production"},
        "everything": {},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("database", ""), ("tenant", ""), ("tag", ""),
        ("their database", "It is on a database that you do not see: only somebody who sees them all may lift it."),
        ("their tenant", "It is of a tenant that is not yours: only somebody who sees them all may lift it."),
        ("shared tag", "The tag is also on databases that you do not see: only somebody who sees them all may lift it."),
        ("environment", "It reaches over every tenant: only somebody who sees them all may lift it."),
        ("everything", "It reaches over every tenant: only somebody who sees them all may lift it."),
    ],
)  # fmt: skip
def test_what_reaches_beyond_a_persons_sight_is_out_of_their_hand(
    name: str, said: str, places: dict[str, dict[str, Any]]
) -> None:
    assert Reach.of(User.objects.get(username="anna")).refusal(Hold(**places[name])) == said


def test_who_sees_every_tenant_has_a_hand_in_everything(places: dict[str, dict[str, Any]]) -> None:
    anna = User.objects.get(username="anna")
    anna.tenants.set(Tenant.objects.all())
    reach = Reach.of(User.objects.get(username="anna"))
    assert {reach.refusal(Hold(**place)) for place in places.values()} == {""}
