"""Where something holds."""

from __future__ import annotations

from itertools import product

import pytest

from strategies.scope import Place, Scope

SHOP = Place(target=1, tenant=7, environment="production", tags=frozenset({3, 4}))


@pytest.mark.parametrize(
    ("scope", "does"),
    [
        (Scope(), True),
        (Scope(target=1), True),
        (Scope(target=2), False),
        (Scope(tag=3), True),
        (Scope(tag=1), False),
        (Scope(environment="production"), True),
        (Scope(environment="test"), False),
        (Scope(tenant=7), True),
        (Scope(tenant=1), False),
    ],
)
def test_a_scope_covers_what_it_names(scope: Scope, does: bool) -> None:
    assert scope.covers(SHOP) is does
    assert scope.is_everything is (scope == Scope())


def test_two_parts_at_once_would_both_have_to_hold() -> None:
    places = [Place(t, n, e, frozenset(tags)) for t, n, e, tags in product((1, 2), (7, 8), ("", "test"), ((), (3,)))]
    both = Scope(target=1, tag=3)
    assert [place for place in places if both.covers(place)] == [
        place for place in places if Scope(target=1).covers(place) and Scope(tag=3).covers(place)
    ]


def test_a_database_whose_environment_nobody_has_said_is_in_none() -> None:
    assert not Scope(environment="production").covers(Place(1, 7))
    assert Scope().covers(Place(1, 7))
