from __future__ import annotations

import pytest

from strategies.platforms.oracle.rights import Held, missing, missing_rights, of_queries
from strategies.platforms.queries import Right
from tests.strategies.platforms.oracle.test_facts import OWN
from tests.strategies.platforms.oracle.test_session import a_session
from tests.strategies.platforms.oracle.transport import Connection


def held(*system: str, on: tuple[tuple[str, str, str], ...] = (), account: str = "PORTAL") -> Held:
    return Held(account, frozenset(system), frozenset(on))


@pytest.mark.parametrize(
    ("has", "privilege", "is_held"),
    [
        (held("ALTER ANY INDEX"), "ALTER ANY INDEX", True),
        (held("ALTER ANY TABLE"), "ALTER ANY INDEX", False),
        (held(on=(("SELECT", "SYS", "V_$SESSION"),)), "SELECT ON SYS.V_$SESSION", True),
        (held(on=(("READ", "SYS", "V_$SESSION"),)), "SELECT ON SYS.V_$SESSION", True),
        (held(on=(("EXECUTE", "SYS", "V_$SESSION"),)), "SELECT ON SYS.V_$SESSION", False),
        (held(on=(("SELECT", "SYS", "V_$SESSION"),)), "SELECT ON SYS.GV_$SESSION", False),
        (held("SELECT ANY DICTIONARY"), "SELECT ON SYS.DBA_INDEXES", True),
        (held("SELECT ANY DICTIONARY"), "EXECUTE ON SYS.DBMS_REPAIR", False),
        (held(on=(("EXECUTE", "SYS", "DBMS_REPAIR"),)), "EXECUTE ON SYS.DBMS_REPAIR", True),
        (held(account="SYS"), "EXECUTE ON SYS.DBMS_REPAIR", True),
    ],
)
def test_a_right_is_held_by_its_own_grant_or_by_a_wider_one(has: Held, privilege: str, is_held: bool) -> None:
    assert has.has(privilege) is is_held


def test_each_missing_right_stands_once_with_its_grant_and_says_what_it_is_for() -> None:
    wanted = [
        Right("ALTER ANY INDEX", "rebuilding indexes"),
        Right("ALTER ANY INDEX", "making them invisible"),
        Right("EXECUTE ON SYS.DBMS_REPAIR", "cleaning up after an interrupted rebuild", is_optional=True),
    ]
    first, second = missing(wanted, held(account="Portal 1"))
    assert (first.right, first.needed_for, first.grant, first.blocks) == (
        "ALTER ANY INDEX", "rebuilding indexes", 'GRANT ALTER ANY INDEX TO "Portal 1";', True,
    )  # fmt: skip
    assert (second.grant, second.blocks) == ('GRANT EXECUTE ON SYS.DBMS_REPAIR TO "Portal 1";', False)


def test_the_headers_of_the_queries_are_what_is_asked_for() -> None:
    rights = of_queries(
        ["our_sessions", "open_transactions", "own_statistics"], optional=("own_statistics", "our_sessions")
    )
    assert [(right.privilege, right.is_optional) for right in rights] == [
        ("SELECT ON SYS.GV_$TRANSACTION", False),
        ("SELECT ON SYS.GV_$SESSION", False),
        ("SELECT ON SYS.V_$MYSTAT", True),
        ("SELECT ON SYS.V_$STATNAME", True),
    ]


def test_the_account_is_compared_with_headers_and_steps() -> None:
    connection = Connection({
        "facts_session": [OWN],
        "system_privileges": [{"PRIVILEGE": "CREATE SESSION"}],
        "object_privileges": [{"PRIVILEGE": "SELECT", "OWNER": "SYS", "NAME": "GV_$SESSION"}],
    })  # fmt: skip
    found = missing_rights(
        a_session(connection), ["open_transactions", "facts_session"], [Right("ALTER ANY INDEX", "rebuilding indexes")]
    )
    assert [right.grant for right in found] == [
        'GRANT SELECT ON SYS.GV_$TRANSACTION TO "PORTAL";',
        'GRANT ALTER ANY INDEX TO "PORTAL";',
    ]
