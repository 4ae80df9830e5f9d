"""What an account must be able to do, by capability: from the headers of what is sent, and nothing besides."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from strategies import registry
from strategies.capabilities import FRAMEWORK, MONITORING, Capability, capabilities, in_short, script
from strategies.platforms.oracle import rights
from strategies.platforms.queries import Query, Right

PLATFORMS = sorted(registry.platforms())
WITH_ACCOUNTS = [name for name in PLATFORMS if registry.platforms()[name].shell]
HOME = Path(registry.__file__).parent / "platforms"


def a_query(needs: str, *, better_with: str = "") -> Query:
    return Query("q", "SELECT 1", "For a test.", needs, "none", "19", better_with)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_query_of_a_platform_belongs_to_a_capability(platform: str) -> None:
    claimed = {query.name for capability in capabilities(platform) for query in capability.queries}
    assert claimed == {path.stem for path in (HOME / platform / "queries").glob("*.sql")}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_the_platform_itself_reads_is_monitoring(platform: str) -> None:
    """The queries that modules name which every session is made of, whichever strategy is used."""
    asked = set()
    for name in ("platform", "session", "metering", "prechecks", "sign_in", "beside"):
        path = HOME / platform / f"{name}.py"
        for node in ast.walk(ast.parse(path.read_text() if path.exists() else "")):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == f"{platform}_query":
                asked |= {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
    assert asked
    assert asked - {query.name for query in capabilities(platform)[0].queries} == set()


@pytest.mark.parametrize("platform", WITH_ACCOUNTS)
def test_every_right_that_a_header_or_a_concern_names_can_be_granted(platform: str) -> None:
    product = registry.platforms()[platform]
    for capability in capabilities(platform):
        assert capability.rights
        for right in capability.rights:
            assert product.grant(right.privilege, "X"), right


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ("SELECT ON SYS.A", "SELECT ON SYS.A"),
        ("SELECT ON SYS.A, ANALYZE ANY, SELECT ON SYS.B", "SELECT ON SYS.A, SYS.B; ANALYZE ANY"),
        ("SELECT ON SYS.A, SELECT ON SYS.A", "SELECT ON SYS.A"),
        ("SELECT ON SYS.A, EXECUTE ON SYS.A", "SELECT ON SYS.A; EXECUTE ON SYS.A"),
        ("EXTENSION pgstattuple, pg_stat_scan_tables", "EXTENSION pgstattuple; pg_stat_scan_tables"),
        ("", ""),
    ],
)
def test_privileges_of_one_kind_are_told_together(needs: str, told: str) -> None:
    assert in_short(a_query(needs).privileges) == told


def test_oracle_grants_are_on_the_objects_behind_the_v_names() -> None:
    text = "\n".join(script(registry.platforms()["oracle"], capabilities("oracle"), "PORTAL", with_optional=True))
    assert "ON SYS.GV_$SESSION TO" in text
    assert not re.search(r"\bG?V\$", re.sub(r"^REM.*$", "", text, flags=re.MULTILINE))
    for line in text.splitlines():
        assert re.fullmatch(r'|SET DEFINE OFF|REM .*[^-]|GRANT [A-Z0-9_$. ]+ TO "PORTAL";', line), line
    with pytest.raises(ValueError, match="cannot be granted"):
        registry.platforms()["oracle"].grant("SELECT ON SYS.V$SESSION", "PORTAL")


@pytest.mark.parametrize(
    ("typed", "held"),
    [("portal", "PORTAL"), ('"portal x"', "portal x"), ("PÖRTAL", "PÖRTAL"), ("c##portal", "C##PORTAL")],
)
def test_an_account_of_oracle_is_read_as_oracle_reads_it(typed: str, held: str) -> None:
    product = registry.platforms()["oracle"]
    assert product.account(typed) == held
    assert product.grant("CREATE SESSION", held) == f'GRANT CREATE SESSION TO "{held}";'


@pytest.mark.parametrize("typed", ["", "a.b", 'a"b', "a b", '"a\nb'])
def test_what_cannot_be_an_account_of_oracle_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no name of an account"):
        registry.platforms()["oracle"].account(typed)


def test_sql_plus_is_told_first_to_take_names_as_they_are() -> None:
    """Else it would ask what to put in the place of &B."""
    lines = list(script(registry.platforms()["oracle"], capabilities("oracle")[:1], "A&B"))
    assert lines[0] == "SET DEFINE OFF"
    assert 'GRANT CREATE SESSION TO "A&B";' in lines
    assert next(script(registry.platforms()["postgresql"], (), "A&B")).startswith("-- ")


def test_a_script_grants_each_right_once_and_leaves_what_is_optional_to_the_reader() -> None:
    product = registry.platforms()["postgresql"]
    first = Capability(
        "a", "A", "A", (), (), (Right("pg_monitor", "seeing", is_optional=True), Right("CONNECT", "being"))
    )
    second = Capability("b", "B", "B", (), (), (Right("CONNECT", "being"), Right("pg_monitor", "needing")))
    lines = list(script(product, (first, second, second), "anna"))
    assert lines.count('GRANT pg_monitor TO "anna";') == 1
    assert lines.count('-- GRANT pg_monitor TO "anna";') == 1
    assert lines.count('GRANT CONNECT ON DATABASE :"DBNAME" TO "anna";') == 1
    assert lines[-1] == "-- Nothing beyond what stands above."
    assert '-- GRANT pg_monitor TO "anna";' not in list(script(product, (first,), "anna", with_optional=True))


def test_no_name_breaks_out_of_its_quotes_or_its_line() -> None:
    assert registry.platforms()["postgresql"].grant("pg_monitor", 'a"; DROP') == 'GRANT pg_monitor TO "a""; DROP";'
    for platform in WITH_ACCOUNTS:
        with pytest.raises(ValueError, match="line break"):
            registry.platforms()[platform].grant("CONNECT", "a\nb")


def test_a_strategys_capability_has_its_name_and_monitoring_comes_first() -> None:
    found = capabilities("postgresql")
    assert found[0].name == MONITORING
    assert found[-1].name == FRAMEWORK
    assert [one.name for one in found[1:-1]] == [
        name.lower() for name in registry.routines() if registry.supports("postgresql", name)
    ]


def test_the_privileges_of_a_header_are_told_apart() -> None:
    query = a_query("SELECT ON SYS.DBA_INDEXES, EXECUTE ON SYS.DBMS_STATS,", better_with="pg_monitor, CONNECT")
    assert query.privileges == ["SELECT ON SYS.DBA_INDEXES", "EXECUTE ON SYS.DBMS_STATS"]
    assert query.helpful_privileges == ["pg_monitor", "CONNECT"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_only_optional_queries_need_is_optional(platform: str) -> None:
    for capability in capabilities(platform):
        needed = {word for query in capability.queries if query.name not in capability.optional_queries
                  for word in query.privileges}  # fmt: skip
        declared = {right.privilege for right in _declared(platform, capability) if not right.is_optional}
        assert {right.privilege for right in capability.rights if not right.is_optional} == needed | declared
        assert capability.optional_queries <= {query.name for query in capability.queries}


def _declared(platform: str, capability: Capability) -> tuple[Right, ...]:
    if capability.name == FRAMEWORK:
        return registry.platforms()[platform].framework_rights
    if not capability.strategy:
        return registry.platforms()[platform].rights
    return registry.concern(platform, capability.strategy).rights


def test_the_script_of_oracle_grants_what_can_be_done_without_in_remarks() -> None:
    (space,) = (one for one in capabilities("oracle") if one.name == "space_maintenance")
    lines = list(script(registry.platforms()["oracle"], [space], "PORTAL"))
    assert 'REM GRANT SELECT ON SYS.DBA_RECYCLEBIN TO "PORTAL";' in lines
    assert 'GRANT SELECT ON SYS.DBA_RECYCLEBIN TO "PORTAL";' not in lines
    assert 'GRANT SELECT ON SYS.DBA_SEGMENTS TO "PORTAL";' in lines


def test_on_oracle_the_grants_and_the_comparison_agree_on_what_is_optional() -> None:
    """Of every strategy: what a check of an account without any right calls blocking is what the script does not put in remarks."""
    for capability in capabilities("oracle")[1:-1]:
        concern = registry.concern("oracle", capability.strategy)
        of_queries = rights.of_queries(concern.queries, concern.optional_queries)
        compared = {right.privilege: right.is_optional for right in of_queries}
        granted = {right.privilege: right.is_optional for right in capability.rights}
        own = {right.privilege for right in concern.rights}
        assert {name: granted[name] for name in compared if name not in own} == {
            name: value for name, value in compared.items() if name not in own
        }
