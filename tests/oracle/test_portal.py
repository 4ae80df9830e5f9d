"""The portal's own tables and queries on Oracle, as Django's own backend writes them; the server is not there, all else is Django's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import Error, run_checks
from django.core.checks import Warning as Advice
from django.core.management import call_command
from django.db import NotSupportedError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Exists, F, Func, Max, OuterRef, Value
from django.test.utils import isolate_apps

from strategies import audit_guard, job_triggers
from strategies.models import JobRun, OperationLog, StrategyConfig, Target, Tenant
from tests.long import ALL
from tests.oracle import grammar, portal, transport
from tests.oracle.recorder import Recorder

# Where Django gives up on what a model asks for: a condition of an index or a constraint, a default of the database's ...
REFUSED = {f"models.W0{number}" for number in (36, 37, 38, 39, 40, 43, 44, 45)} | {"fields.W162"}


@pytest.fixture(params=["19c", pytest.param("23ai", marks=ALL)])
def oracle(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[BaseDatabaseWrapper]:
    """The portal's database, as long as the test takes."""
    wrapper = transport.database(request.param)
    with django_db_blocker.unblock(), transport.portal_on(wrapper):
        yield wrapper


# An index without its condition is a larger one, no other: of django-q2's the condition only leaves out rows that are not asked for.
OF_OTHERS = {("django_q.Task", "models.W037")}

# Of django-axes, which asks by the same three columns whether there is such a row already.
KEYS_OF_OTHERS = [("axes.AccessAttempt", ("username", "ip_address", "user_agent"))]


def held(statements: list[str], wrapper: BaseDatabaseWrapper, recorder: Recorder) -> list[tuple[str, str]]:
    """What is wrong with them by the rules; the grammar is asked beside the tests."""
    version = "19c" if wrapper.oracle_version[0] == 19 else "23ai"  # type: ignore[attr-defined]
    for statement in statements:
        recorder.seen(statement)
    return [(fault, one) for one in dict.fromkeys(statements) for fault in portal.faults(one, version)]


def test_migrate_makes_all_tables(oracle: BaseDatabaseWrapper, statements_for_oracle: Recorder) -> None:
    oracle.connection.answers['FROM "PORTAL_TENANT"'] = [
        (1, "Main", None)
    ]  # the rows that come with it hang on this one
    call_command("migrate", verbosity=0, interactive=False)
    sent = oracle.connection.sent
    assert any("PORTAL_JOB_RUN" in one for one in sent if one.startswith("CREATE TABLE"))
    assert held(sent, oracle, statements_for_oracle) == []


@pytest.mark.parametrize("oracle", ["19c"], indirect=True)
def test_sqlmigrate_writes_all_tables(oracle: BaseDatabaseWrapper, statements_for_oracle: Recorder) -> None:
    """Of one version: what is written for both is seen above, and each costs seconds."""
    executor = MigrationExecutor(oracle)
    lines = executor.loader.collect_sql(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    statements = [
        one.rstrip(";") if not one.startswith(("BEGIN", "DECLARE")) else one
        for one in lines
        if not one.startswith("--")
    ]
    assert len([one for one in statements if one.startswith("CREATE TABLE")]) > 30
    assert held(statements, oracle, statements_for_oracle) == []


@pytest.mark.parametrize(
    "statement",
    [
        *audit_guard.INSTALL["oracle"], *audit_guard.INSTALL_SEALS["oracle"], *job_triggers._INSTALL["oracle"],
        *job_triggers._INSTALL_GONE["oracle"],
    ],
)  # fmt: skip
def test_a_trigger_can_be_read(statement: str, statements_for_oracle: Recorder) -> None:
    """As it is sent: Django takes the last / away."""
    assert statement.endswith(";\n/")
    assert not grammar.own_faults(statement)
    statements_for_oracle.seen(statement)


def test_nothing_that_the_models_ask_for_is_left_out_on_oracle(oracle: BaseDatabaseWrapper) -> None:
    found = run_checks(databases=["default"])
    of_models = [one for one in found if one.obj is not None]  # those of the database itself are asked elsewhere
    wrong = [one for one in of_models if one.id in REFUSED or one.level >= Error("").level]
    assert {(one.obj._meta.label, one.id) for one in wrong} == OF_OTHERS


def test_no_key_is_partly_null() -> None:
    """There, keys with the same columns filled in are one; elsewhere a NULL makes each of them another."""
    found = []
    for model in apps.get_models():
        keys = [key.fields for key in model._meta.constraints if isinstance(key, models.UniqueConstraint)]
        for key in [*keys, *model._meta.unique_together]:
            fields = [model._meta.get_field(name) for name in key]
            may_be_null = [field.null or (field.empty_strings_allowed and field.blank) for field in fields]
            if any(may_be_null) and not all(may_be_null):
                found.append((model._meta.label, key))
    assert found == KEYS_OF_OTHERS


@isolate_apps("strategies")
def test_the_checks_find_what_oracle_leaves_out(oracle: BaseDatabaseWrapper) -> None:
    class Asked(models.Model):
        name, text = models.CharField(max_length=10), models.TextField(db_index=True)

        class Meta:
            app_label = "strategies"
            indexes = [models.Index(fields=["name"], condition=models.Q(name="x"), name="asked_some")]
            constraints = [models.UniqueConstraint(fields=["name"], condition=models.Q(name="x"), name="asked_one")]

    found = {one.id for one in Asked.check(databases=["default"]) if isinstance(one, Advice)}
    assert {"models.W036", "models.W037", "fields.W162"} <= found <= REFUSED


# Seeded mistakes: what Django writes for Oracle without a word, and Oracle refuses.

MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "GROUP BY of a LOB, by counting": (
        lambda: StrategyConfig.objects.values("strategy_config").annotate(n=Count("pk")), "GROUP BY takes no LOB",
    ),
    "GROUP BY of a LOB, by counting what hangs on a row": (lambda: JobRun.objects.annotate(n=Count("pk")), "GROUP BY takes no LOB"),
    "DISTINCT of a LOB": (lambda: JobRun.objects.distinct(), "DISTINCT takes no LOB"),
    "a count of different LOBs": (
        lambda: JobRun.objects.values("status").annotate(n=Count("reasons", distinct=True)), "DISTINCT takes no LOB",
    ),
    "the greatest of LOBs": (
        lambda: JobRun.objects.values("status").annotate(last=Max("reasons")), "MAX or MIN takes no LOB",
    ),
    "a LOB of the rows outside": (
        lambda: JobRun.objects.filter(Exists(Target.objects.filter(name=OuterRef("reasons")))), "a comparison takes no LOB",
    ),
    "ORDER BY of a LOB": (lambda: JobRun.objects.order_by("reasons"), "ORDER BY takes no LOB"),
    "UNION of LOBs": (lambda: JobRun.objects.filter(pk=1).union(JobRun.objects.filter(pk=2)), "takes no LOB"),
    "a function of another product": (
        lambda: Target.objects.annotate(
            x=Func(F("name"), Value(","), function="STRING_AGG", output_field=models.CharField())
        ),
        "there is no function STRING_AGG",
    ),
    "a lock of distinct rows": (lambda: Target.objects.select_for_update().values("name").distinct(), "FOR UPDATE"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("version", transport.VERSIONS)
def test_a_mistake_that_django_writes_is_found(name: str, version: str) -> None:
    make, fault = MISTAKES[name]
    portal.databases()[version].autocommit = False
    sent = portal.statements(make().query, version=version)
    assert any(fault in found for one in sent for found in portal.faults(one, version)), sent


REFUSALS: dict[str, Callable[[], Any]] = {
    "a lock of the first rows": lambda: Target.objects.select_for_update()[:3],
    "distinct on a column": lambda: Target.objects.order_by("name").distinct("name"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_django_refuses_there_is_found(name: str) -> None:
    portal.databases()["19c"].autocommit = False
    with pytest.raises(NotSupportedError):
        portal.statements(REFUSALS[name]().query)


_RUNS = 'FROM "PORTAL_JOB_RUN" r'
_COMPARED, _LOCKED = "a comparison takes no LOB", "FOR UPDATE goes with neither"
TEXTS = {
    "a comparison of a LOB": (f'SELECT 1 {_RUNS} WHERE r."REASONS" = :arg0', _COMPARED),
    "a comparison with a LOB": (f'SELECT 1 {_RUNS} WHERE :arg0 < r."REASONS"', _COMPARED),
    "a LOB in a list": (f'SELECT 1 {_RUNS} WHERE r."REASONS" IN (:arg0, :arg1)', _COMPARED),
    "a LOB between others": (f'SELECT 1 {_RUNS} WHERE r."REASONS" NOT BETWEEN :arg0 AND :arg1', _COMPARED),
    "a LOB in a case": (f'SELECT CASE WHEN "REASONS" = :arg0 THEN 1 END {_RUNS}', _COMPARED),
    "a LOB that is compared where rows are changed": (
        'UPDATE "PORTAL_JOB_RUN" SET "STATUS" = :arg0 WHERE "REASONS" = :arg1', _COMPARED,
    ),
    "a LOB that is compared where rows are joined": (
        'SELECT 1 FROM "PORTAL_JOB_RUN" r INNER JOIN "PORTAL_JOB_RUN" o ON (r."REASONS" = o."REASONS")', _COMPARED,
    ),
    "a LOB that is compared within": (
        'SELECT 1 FROM dual WHERE EXISTS (SELECT 1 FROM "PORTAL_JOB_RUN" r WHERE r."REASONS" = :arg0)', _COMPARED,
    ),
    "a LOB of the statement around": (
        f'SELECT 1 {_RUNS} WHERE EXISTS (SELECT 1 FROM "PORTAL_TARGET" t WHERE t."NAME" = (r."REASONS"))', _COMPARED,
    ),
    "a LOB of the statement around that": (
        f'SELECT 1 {_RUNS} WHERE EXISTS (SELECT 1 FROM "PORTAL_TARGET" t WHERE t."ID" IN'
        ' (SELECT u."ID" FROM "PORTAL_TARGET" u WHERE r."REASONS" < u."NAME"))', _COMPARED,
    ),
    "a count of different LOBs": (f'SELECT COUNT(DISTINCT r."REASONS") {_RUNS}', "DISTINCT takes no LOB"),
    "the greatest LOB": (f'SELECT MAX(r."REASONS") {_RUNS}', "MAX or MIN takes no LOB"),
    "the least LOB": (f'SELECT r."STATUS", MIN ("REASONS") {_RUNS} GROUP BY r."STATUS"', "MAX or MIN takes no LOB"),
    "distinct LOBs": (f'SELECT DISTINCT r."ID", r."REASONS" {_RUNS}', "DISTINCT takes no LOB"),
    "a group by LOBs": (f'SELECT COUNT(*) {_RUNS} GROUP BY r."ID", r."REASONS"', "GROUP BY takes no LOB"),
    "an order by LOBs": (f'SELECT r."ID" {_RUNS} ORDER BY r."ID", r."REASONS" DESC', "ORDER BY takes no LOB"),
    "an order by the place of a LOB": (f'SELECT r."ID", r."REASONS" {_RUNS} ORDER BY r."ID", 2', "ORDER BY takes no LOB"),
    "a union of LOBs": (f'SELECT r."REASONS" {_RUNS} MINUS SELECT r."REASONS" {_RUNS}', "MINUS or INTERSECT takes no LOB"),
    "a lock of the first": (f'SELECT r."ID" {_RUNS} FETCH FIRST 1 ROWS ONLY FOR UPDATE', _LOCKED),
    "a lock of groups": (f'SELECT r."STATUS" {_RUNS} GROUP BY r."STATUS" FOR UPDATE', _LOCKED),
    "a long list": (f"SELECT 1 FROM dual WHERE 1 IN ({', '.join('1' * 1001)})", "more than 1000"),
    "a long name": (f'SELECT "{"X" * 31}" FROM dual', "longer than 30 bytes"),
    "an empty text": ("SELECT 1 FROM dual WHERE dummy = ''", "nothing is equal to ''"),
    "a truth before 23ai": ("UPDATE t SET a = TRUE WHERE b = 1", "TRUE and FALSE"),
    "a long text": ('CREATE TABLE "X" ("A" NVARCHAR2(2001) NULL)', "longer than 2000"),
    "a truth as a type": ('CREATE TABLE "X" ("A" BOOLEAN NOT NULL)', "BOOLEAN"),
    "a reserved word": ("CREATE TABLE x (id NUMBER(19), level NUMBER(3))", "reserved word LEVEL"),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_mistake_in_a_text_is_found(name: str) -> None:
    statement, fault = TEXTS[name]
    assert any(fault in found for found in portal.faults(statement)), portal.faults(statement)


GOOD = {
    "a lock": f'SELECT r."ID", r."REASONS" {_RUNS} WHERE r."ID" = :arg0 FOR UPDATE',
    "a LOB beside the first rows": f'SELECT r."REASONS", r."ID" {_RUNS} ORDER BY 2 FETCH FIRST 2 ROWS ONLY',
    "all rows of two tables": f'SELECT r."REASONS" {_RUNS} UNION ALL SELECT r."REASONS" {_RUNS}',
    "an apostrophe": "SELECT 1 FROM dual WHERE dummy = 'it''s'",
    "a LOB that is only read": 'SELECT r."REASONS" FROM "PORTAL_JOB_RUN" r ORDER BY r."ID"',
    "a LOB that is written": 'UPDATE "PORTAL_JOB_RUN" SET "REASONS" = :arg0 WHERE "PORTAL_JOB_RUN"."ID" = :arg1',
    "LOBs that are counted": f'SELECT COUNT(r."REASONS"), MAX(r."ID") {_RUNS} GROUP BY r."STATUS"',
    "the greatest length of LOBs": f'SELECT MAX(LENGTH(r."REASONS")) {_RUNS}',
    "a LOB's name in another table within": (
        f'SELECT r."REASONS" {_RUNS} WHERE EXISTS (SELECT 1 FROM "OTHER" r WHERE r."REASONS" = :arg0)'
    ),
    "a LOB that is asked for NULL": 'SELECT 1 FROM "PORTAL_JOB_RUN" r WHERE r."REASONS" IS NULL',
}


@pytest.mark.parametrize("name", GOOD)
def test_what_oracle_takes_is_taken(name: str) -> None:
    assert portal.faults(GOOD[name]) == ()


# Whatever a test makes the portal ask is looked at without being listed.


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    with portal.Watch(lambda statement: None, lambda statement, fault: found.append((statement, fault))).at_work():
        yield found


def test_a_query_of_a_page_is_looked_at_as_it_would_be_on_oracle(
    db: None, told: list[tuple[str, str]], statements_for_oracle: Recorder
) -> None:
    list(JobRun.objects.order_by("reasons"))
    assert {fault for _, fault in told} == {
        f"on Oracle {version}: ORDER BY takes no LOB: PORTAL_JOB_RUN.REASONS" for version in transport.VERSIONS
    }
    statements_for_oracle.wrong.clear()  # it was seeded


def test_a_lock_without_a_transaction_is_found(
    transactional_db: None, told: list[tuple[str, str]], statements_for_oracle: Recorder
) -> None:
    list(Target.objects.select_for_update())
    assert any("outside of a transaction" in fault for _, fault in told)
    with transaction.atomic():
        told.clear()
        list(Target.objects.select_for_update())
    statements_for_oracle.wrong.clear()


def test_the_first_of_locked_rows_are_found_though_the_query_was_seen_without_a_lock(
    db: None, told: list[tuple[str, str]], statements_for_oracle: Recorder
) -> None:
    Target.objects.order_by("pk").first()
    assert told == []
    Target.objects.select_for_update().order_by("pk").first()
    assert any("LIMIT/OFFSET is not supported with select_for_update" in fault for _, fault in told)
    statements_for_oracle.wrong.clear()


def test_a_lock_of_one_row_is_right(db: None, told: list[tuple[str, str]]) -> None:
    """Django limits it by what the database takes."""
    run = Target.objects.create(
        name="a", platform="sqlite", url="sqlite:////nowhere", tenant=Tenant.objects.get(name="Main")
    )
    Target.objects.select_for_update().get(pk=run.pk)
    assert told == []


def test_the_same_text_is_looked_at_once(db: None) -> None:
    seen: list[str] = []
    with portal.Watch(seen.append, lambda statement, fault: None).at_work():
        for number in range(3):
            list(OperationLog.objects.filter(pk=number).values_list("pk"))
    assert len(seen) == len(transport.VERSIONS)
