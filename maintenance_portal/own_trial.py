"""Items of the trial on a real Oracle server: the portal's own database there, made, put to work and removed again.

They stand on the first of them, and are tried only where the account's schema holds nothing: these objects have names that
are always the same.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from django.apps import apps

from maintenance_portal import generator_trial, ports
from maintenance_portal.generator_trial import DEPLOYED
from maintenance_portal.other_portal import CommandFailed, Portal
from strategies.generator.library import library
from strategies.plans import MissingRight
from strategies.platforms.base import Row
from strategies.platforms.oracle.names import literal
from strategies.platforms.oracle.session import OracleSession
from strategies.platforms.oracle.smoke import ground
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Unexpected
from strategies.platforms.oracle.smoke.packages import REPORTS, compiled, statements_of
from strategies.platforms.oracle.smoke.reading import Tried
from strategies.platforms.oracle.smoke.stage import Stage, smoke_query
from strategies.plsql.scripts import LOGGER, Place, generator, unit_of, units

SECTION = "The portal's own database"
NEEDED_BYTES = 512 * 1_048_576  # some 600 tables, indexes and LOBs, whose segments begin with 64 kB or 1 MB
RIGHTS = ("CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER", "CREATE PROCEDURE")
STRATEGY = "STATISTICS_MAINTENANCE"
# In the order in which their reader would run them; the packages first, that are called.
EXAMPLES = (
    "my_strategy_pkg", "index_maintenance_strategy", "register_strategy", "register_strategies_oracle", "configure_strategy",
    "schedule_job", "archive_job", "backup_job", "diagnose", "diagnose_oracle", "reports_oracle",
)  # fmt: skip
# Of whole tables and parts of them it is counted how many rows they have.
JOBS = "generic_maintenance_jobs"
JOBS_UNREAD = f"{JOBS} j WHERE j.is_settled = 'N'"
HOME_LOOKED_AT = "portal_target t WHERE t.is_home = 1 AND t.checked_at IS NOT NULL"
_MIGRATE_WITHIN, _ITEM_WITHIN, _WORK_WITHIN = 1800.0, 600.0, 120.0  # seconds
_LOOK_EVERY_SECONDS = 1.0
NOBODY_AGREES = "UPDATE portal_target SET environment = 'development' WHERE is_home = 1"  # nobody is there who could
_LOGGER = LOGGER.lower()
_PORTS = range(28_100, 28_200)


class OwnTrial:
    """One trial of one portal."""

    def __init__(
        self, portal: Portal, tried: tuple[Tried, ...], *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._portal, self._tried, self._pause = portal, tried, pause
        self._is_made = False

    def items(self) -> tuple[Item, ...]:
        after = (
            ("own_checks", "The portal's checks of its database find no error", self._check),
            ("own_packages", "The packages go beside its tables, and go away without them", self._install),
            ("own_log", "What a package logs is in the portal's log, and each report can be asked", self._log),
            ("own_examples", "Every example of the documents does what it says", self._examples),
            ("own_work", "Beat and workers read jobs, look at the database, and end when asked to", self._work),
            ("own_pages", "The pages are served", self._pages),
            ("own_run", "A run on the portal's own database is planned, carried out and logged", self._run),
            (
                "own_generator",
                "The database generates the strategies that the portal does, and each compiles",
                self._generate,
            ),
            ("own_deployment", "A strategy is deployed, does its work, and is put back after its drift", self._deploy),
            ("own_partitions", "The operation log is partitioned by month", self._partition),
        )
        first = "Its tables, triggers and rows are made by the migrations"
        return (
            _item("own_migrate", first, self._told(self._migrate), seconds=_MIGRATE_WITHIN),
            *(_item(name, title, self._told(partial(self._after_migrate, run))) for name, title, run in after),
            _item("own_removed", "Everything of it is removed, and the schema is empty again", self._remove),
        )

    def _told(self, run: Callable[[Stage], str]) -> Callable[[Stage], str]:
        """A command that failed is what the server did."""

        def tried(stage: Stage) -> str:
            try:
                return run(stage)
            except CommandFailed as failure:
                raise Unexpected(str(failure)) from None

        return tried

    def _after_migrate(self, run: Callable[[Stage], str], stage: Stage) -> str:
        if not self._is_made:
            raise NotApplicable("The portal's tables were not made; own_migrate says why.")
        return run(stage)

    def _migrate(self, stage: Stage) -> str:
        stage.need(*RIGHTS)
        if here := held(stage):
            names = ", ".join(f"{row['object_type']} {stage.shown(row['object_name'])}" for row in here[:3])
            raise NotApplicable(
                f"The schema holds {len(here)} objects ({names}). The portal's own database is tried only in an empty one:"
                " name an account that owns nothing."
            )
        if lacking := ground.no_room(stage, NEEDED_BYTES):
            raise NotApplicable(" ".join(lacking))
        stage.has_whole_schema = True
        for table in tables():
            stage.make("TABLE", table, lasts=True)
        self._portal.run("migrate", "--no-input", "--verbosity=0", seconds=_MIGRATE_WITHIN)
        self._is_made = True
        _valid(stage)
        made = [row for row in held(stage) if row["object_type"] == "TABLE"]
        return (
            f"{_count(stage.session, 'django_migrations')} migrations made {len(made)} tables; every trigger compiles."
        )

    def _check(self, stage: Stage) -> str:
        self._portal.run("migrate", "--check")
        return " ".join(self._portal.run("check", "--database", "default").split())

    def _install(self, stage: Stage) -> str:
        for unit in units(Place.PORTAL):
            if unit.kind == "PACKAGE":
                stage.make("PACKAGE", unit.name, lasts=True)
        self._portal.run("install_plsql", "--yes")
        before = _names(stage)
        self._portal.run("install_plsql", "--uninstall", "--yes")
        without = _names(stage)
        said = _last(self._portal.run("install_plsql", "--yes"))
        _valid(stage)
        if wrong := without ^ {name for name in before if not name.startswith("PACKAGE")}:
            raise Unexpected(
                f"Removing the packages did not leave just what is not theirs: {', '.join(sorted(wrong))}."
            )
        return said

    def _log(self, stage: Stage) -> str:
        bare = stage.connection()
        with bare.cursor() as cursor:
            number = cursor.var(int)
            begin = f"BEGIN :answer := {_LOGGER}.log_strategy_start('SMOKE', 'T', 'TABLE', '{{\"n\": 1}}'); END;"
            cursor.execute(begin, {"answer": number})
            operation = int(number.getvalue())
            cursor.execute(f"BEGIN {_LOGGER}.log_strategy_end({operation:d}, 'ERROR', 'Failed: ORA-00054: busy'); END;")
        bare.rollback()
        rows = json.loads(self._portal.run("operations", "--json"))["operations"]
        found = next((row for row in rows if row["operation_id"] == operation), None)
        if found is None or (found["strategy"], found["status"], found["error_code"]) != (
            "SMOKE",
            "ERROR",
            "ORA-00054",
        ):
            raise Unexpected(f"After the rollback the portal's log says {found}.")
        fresh = stage.open(0)  # one that has used the package before it was compiled again would be told so (ORA-04068)
        counted = {name: _count(fresh, f"TABLE({_LOGGER}.{name})") for name in REPORTS}
        if not counted["get_operation_log"]:
            raise Unexpected(f"Rows by report: {counted}.")
        return f"Operation {operation} is there as an ERROR with its code; rows by report: {counted}."

    def _examples(self, stage: Stage) -> str:
        sent, read = 0, 0
        for name in EXAMPLES:
            for statement in statements_of(name):
                if statement.lstrip().upper().startswith("SELECT"):
                    read += len(stage.session.cursor_rows(f"BEGIN OPEN :answer FOR {statement}; END;", {}, most=100))
                    continue
                unit = unit_of(statement)
                if unit is not None and unit.kind == "PACKAGE":
                    stage.make("PACKAGE", unit.name, lasts=True)
                stage.session.alter(statement)
                sent += 1
        _valid(stage)
        return f"{len(EXAMPLES)} examples: {sent} statements were sent, and {read} rows read."

    def _work(self, stage: Stage) -> str:
        with self._portal.started("portal", "--only", "work") as child:
            self._until(
                lambda: _count(stage.session, JOBS_UNREAD) == 0 and _count(stage.session, HOME_LOOKED_AT) == 1,
                "Jobs were read by the beat, and a worker looked at the database", lambda: child.is_running,
            )  # fmt: skip
        jobs = _count(stage.session, JOBS)
        return f"The beat read {jobs} jobs, a worker looked at the database, and all ended when they were asked to."

    def _pages(self, stage: Stage) -> str:
        port = _free_port()
        with self._portal.started("portal", "--only", "pages", "--port", str(port)) as child:
            self._until(lambda: _status(port, "sign-in/") == 200, "The page to sign in came", lambda: child.is_running)
            health = _status(port, "health/")
        return f"The page to sign in came; /health/ answered with {health}."

    def _run(self, stage: Stage) -> str:
        one = next(tried for tried in self._tried if tried.name == STRATEGY)
        missing: list[MissingRight] = one.concern.missing_rights(stage.session, one.parameters)
        if grants := [right.grant for right in missing if right.blocks]:
            raise NotApplicable(f"The account lacks rights: {' '.join(grants)}")
        answer = json.loads(
            self._portal.run("run_strategy", STRATEGY, "--target", "home", "--json", seconds=_ITEM_WITHIN)
        )
        return f"{STRATEGY}: {answer['status']}. {answer['message']}"

    def _generate(self, stage: Stage) -> str:
        for unit in generator(Place.PORTAL):
            if unit.kind in ("TABLE", "PACKAGE"):  # the others go with these
                stage.make(unit.kind, unit.name, lasts=True)
        self._portal.run("install_plsql", "--generator", "--yes")
        for template in library().templates.values():
            generator_trial.compare(self._portal, stage, template)
        _valid(stage)
        count = len(library().templates)
        return f"{count} strategies: the texts of their packages are those that Python writes, and all compile."

    def _deploy(self, stage: Stage) -> str:
        stage.make("PACKAGE", f"{DEPLOYED}_PKG", lasts=True)
        stage.session.alter(NOBODY_AGREES)
        said = generator_trial.deployed_and_put_back(self._portal, stage.session.alter)
        _valid(stage)
        return f"{said} {generator_trial.worked(stage)}"

    def _partition(self, stage: Stage) -> str:
        if not stage.stated.has_partitioning:
            raise NotApplicable("The address does not state that Partitioning is licensed (licensed=partitioning).")
        said = _last(self._portal.run("partition_log", "--yes", seconds=_ITEM_WITHIN))
        _valid(stage)
        return f"{said} {self._log(stage)}"

    def _remove(self, stage: Stage) -> str:
        if not stage.has_whole_schema:
            raise NotApplicable("Nothing was begun.")
        stage.remove_lasting()
        if left := held(stage):
            names = ", ".join(f"{row['object_type']} {stage.shown(row['object_name'])}" for row in left)
            raise Unexpected(f"It is still there: {names}.")
        return "Nothing is left in the schema."

    def _until(self, holds: Callable[[], bool], what: str, lives: Callable[[], bool]) -> None:
        until = time.monotonic() + _WORK_WITHIN
        while time.monotonic() < until:
            self._portal.heed()
            if holds():
                return
            if not lives():
                raise Unexpected(f"The portal ended by itself. {self._portal.last_lines()}".strip())
            self._pause(_LOOK_EVERY_SECONDS)
        raise Unexpected(f"Not within {_WORK_WITHIN:g} seconds: {what[0].lower()}{what[1:]}.")


def held(stage: Stage) -> list[Row]:
    """What the schema holds. Raises PlatformError."""
    return stage.session.rows(smoke_query("schema_objects"))


def _count(session: OracleSession, source: str) -> int | None:
    """How many rows a table has, or a part of it. Raises PlatformError."""
    return session.number(f"BEGIN SELECT COUNT(*) INTO :answer FROM {source}; END;", {})  # noqa: S608 (ours)


def _names(stage: Stage) -> set[str]:
    return _names_of(held(stage))


def _names_of(rows: Iterable[Row]) -> set[str]:
    return {f"{row['object_type']} {row['object_name']}" for row in rows}


def tables() -> Iterator[str]:
    """Of the portal, as the dictionary has them; Django keeps one more."""
    models = apps.get_models(include_auto_created=True)
    yield from sorted({"DJANGO_MIGRATIONS", *(model._meta.db_table.upper() for model in models if model._meta.managed)})


def _item(name: str, title: str, run: Callable[[Stage], str], *, seconds: float = _ITEM_WITHIN) -> Item:
    return Item(name, SECTION, title, run, changes=True, limit_seconds=seconds)


def _valid(stage: Stage) -> None:
    """Whatever a later change of a table has made invalid is compiled first, as its next use would. Raises Unexpected."""
    schema = literal(stage.owner)
    stage.session.alter(f"BEGIN DBMS_UTILITY.COMPILE_SCHEMA(schema => {schema}, compile_all => FALSE); END;")
    broken = [row for row in held(stage) if row["status"] != "VALID"]
    if broken:
        compiled(stage, [str(row["object_name"]) for row in broken])
        raise Unexpected(f"Not valid: {', '.join(sorted(_names_of(broken)))}.")


def _last(said: str) -> str:
    return said.splitlines()[-1] if said else ""


def _free_port() -> int:
    """Raises Unexpected."""
    for port in _PORTS:
        try:
            ports.listen("127.0.0.1", port).close()
        except ports.PortRefused:
            continue
        return port
    raise Unexpected(f"No port from {_PORTS.start} to {_PORTS.stop - 1} is free.")


def _status(port: int, path: str) -> int:
    """Of a page, asked without any proxy; 0 where nobody answers."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", f"/{path}")
        return asked.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        asked.close()
