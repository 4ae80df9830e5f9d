"""What an account must be able to do for the portal, by capability: monitoring for all of it, and one for each strategy.

All of it comes from what is sent: the headers of the queries, and the rights that concerns and platforms declare.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from strategies import registry
from strategies.platforms.base import Change, Platform
from strategies.platforms.queries import Query, Right, load_query, rights_of

MONITORING, FRAMEWORK = "monitoring", "partition_framework"
FRAMEWORK_TITLE = "Import of the partition framework"


@dataclass(frozen=True, slots=True)
class Capability:
    """`name` as it is typed; `strategy` is empty for what belongs to none.

    `rights` has each privilege once, those that are needed first.

    `optional_queries` names those of the queries that it can do without.
    """

    name: str
    title: str
    strategy: str
    queries: tuple[Query, ...]
    changes: tuple[Change, ...]
    rights: tuple[Right, ...]
    optional_queries: frozenset[str] = frozenset()


def capabilities(platform: str) -> tuple[Capability, ...]:
    """Monitoring first, then the strategies that this platform supports, by name; last what no check of a target asks for.

    Raises KeyError for an unknown platform.
    """
    product = registry.platforms()[platform]
    own = tuple(load_query(platform, name) for name in product.queries)
    found = [
        Capability(MONITORING, "Monitoring", "", own, registry.changes(platform, ""), _rights(own, product.rights))
    ]
    for strategy, routine in registry.routines().items():
        if registry.supports(platform, strategy):
            concern = registry.concern(platform, strategy)
            queries = tuple(load_query(platform, name) for name in concern.queries)
            changes = registry.changes_of(platform, strategy)
            optional = concern.optional_queries
            rights = _rights(queries, concern.rights, optional)
            found.append(Capability(strategy.lower(), routine.title, strategy, queries, changes, rights, optional))
    older = tuple(load_query(platform, name) for name in product.framework_queries)
    if older:
        sent, rights = registry.changes(platform, "framework"), _rights(older, product.framework_rights)
        found.append(Capability(FRAMEWORK, FRAMEWORK_TITLE, "", older, sent, rights))
    return tuple(found)


def in_short(privileges: Iterable[str]) -> str:
    """Privileges as people read them: those of one kind together, so that `SELECT ON` stands there once for all its objects."""
    kinds: dict[str, list[str]] = {}
    for privilege in dict.fromkeys(privileges):
        kind, on, thing = privilege.partition(" ON ")
        kinds.setdefault(kind + on, []).extend([thing] if on else [])
    return "; ".join(kind + ", ".join(things) for kind, things in kinds.items())


def _rights(queries: Sequence[Query], declared: Sequence[Right], optional: Container[str] = ()) -> tuple[Right, ...]:
    """What a query needs that can be done without is optional, unless another one asks for the same."""
    found: dict[str, Right] = {}
    for right in (
        *(right for right in declared if not right.is_optional),
        *rights_of(queries, optional),
        *declared,
        *(Right(privilege, query.purpose.rstrip("."), is_optional=True) for query in queries for privilege in query.helpful_privileges),
    ):  # fmt: skip
        found.setdefault(right.privilege, right)
    return tuple(sorted(found.values(), key=lambda right: right.is_optional))


def script(
    product: Platform, chosen: Sequence[Capability], account: str, *, with_optional: bool = False
) -> Iterator[str]:
    """The lines of a script that gives the account what these capabilities need, each privilege once, with what it is for.

    What is optional is there as remarks, unless `with_optional`. Raises NotSupported where the product has no accounts.
    """
    yield from product.preamble
    yield from (
        f"{product.remark} {line}"
        for line in (
            f"What an account of the Maintenance Portal needs on {product.label}; to be read and run with {product.shell}",
            "in the database that is to be maintained, by an administrator. The account is there already.",
            "A privilege that several parts need stands in the first of them alone; --capability gives one part whole.",
            *(
                []
                if with_optional
                else ["Grants within remarks are optional: what they are for is left out without them."]
            ),
        )
    )
    given: set[str] = set()
    told: set[str] = set()
    for capability in chosen:
        yield from ("", f"{product.remark} === {capability.name}: {capability.title}")
        left = [right for right in capability.rights if right.privilege not in (told if right.is_optional else given)]
        if not left:
            yield f"{product.remark} Nothing beyond what stands above."
        for right in left:
            is_asked = with_optional or not right.is_optional
            told.add(right.privilege)
            if is_asked:
                given.add(right.privilege)
            what = "Optional, for" if right.is_optional else "For"
            yield f"{product.remark} {what}: {' '.join(right.needed_for.split())}"
            for line in product.grant(right.privilege, account).splitlines():
                yield line if is_asked else f"{product.remark} {line}"
