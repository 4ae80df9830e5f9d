"""Items on what sessions are marked with, what they cost, how limits are set, and how a job of RMAN's would be defined."""

from __future__ import annotations

from collections.abc import Iterator

from strategies.plans import Limits, Meters, Step
from strategies.platforms.base import PlatformError, SessionTag
from strategies.platforms.oracle import index_statements
from strategies.platforms.oracle.reading import read
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.items import Item, Unexpected
from strategies.platforms.oracle.smoke.stage import Stage, smoke_query

TELLING, JOBS = "Tags, meters and limits", "Jobs of the database's scheduler"
# V$SESSION has 64 bytes for each; the portal keeps to fewer (sign_in.py).
_LENGTHS = {"module": 48, "action": 32, "client_info": 64, "client_identifier": 64}
_RUN = 7


def items() -> Iterator[Item]:
    for name, section, title, run, changes in (
        ("tags", TELLING, "Sessions are found by the tag of their run, and by no other", _tags, False),
        ("tag_lengths", TELLING, "Tags of the lengths that the portal uses are kept whole", _tag_lengths, False),
        ("meters", TELLING, "A statement's CPU, memory, reads and writes, and rows are measured", _meters, True),
        ("meters_parallel", TELLING, "What the meters tell of a parallel statement", _parallel_meters, True),
        ("limits", TELLING, "A session is held to a degree of 1", _limits, False),
        (
            "backup_job",
            JOBS,
            "A job for RMAN is defined with both credentials, never enabled, and removed",
            _backup_job,
            True,
        ),
    ):
        yield Item(name, section, title, run, changes)


def _tags(stage: Stage) -> str:
    opened = stage.open(_RUN)
    found = [one.session_id for one in stage.platform.our_sessions(stage.session, stage.tag(_RUN))]
    others = {
        "another run": stage.platform.our_sessions(stage.session, stage.tag(_RUN + 1)),
        "another portal": stage.platform.our_sessions(stage.session, SessionTag(_other(stage.token), "run", _RUN)),
    }
    if found != [opened.session_id]:
        raise Unexpected(
            f"Session {opened.session_id} was opened, and the database lists {', '.join(found) or 'none'}."
        )
    if strangers := [whose for whose, sessions in others.items() if sessions]:
        raise Unexpected(f"It lists sessions for {' and '.join(strangers)}, too.")
    return f"Session {opened.session_id} is listed, and none for another run or another portal."


def _other(token: str) -> str:
    """Another installation's id."""
    return token[::-1] if token[::-1] != token else "0" * len(token)


def _tag_lengths(stage: Stage) -> str:
    connection = stage.connection()
    wanted = {name: ("x" * length) for name, length in _LENGTHS.items()}
    connection.module, connection.action = wanted["module"], wanted["action"]
    connection.clientinfo, connection.client_identifier = wanted["client_info"], wanted["client_identifier"]
    (row,) = read(connection, smoke_query("own_tags"))
    lengths = {name: len(row[name] or "") for name in wanted}
    if cut := [f"{name} to {lengths[name]} of {_LENGTHS[name]}" for name in wanted if row[name] != wanted[name]]:
        raise Unexpected(f"These were cut: {', '.join(cut)}.")
    return f"Whole: {', '.join(f'{name} {length}' for name, length in lengths.items())} bytes."


def _meters(stage: Stage) -> str:
    meters = _metered(stage, statements.fill(stage.owner, stage.table(), 1000, 100))
    if lacking := [name for name in Meters.__dataclass_fields__ if getattr(meters, name) is None]:
        raise Unexpected(f"Not measured: {', '.join(lacking)}; {told(meters)}.")
    if meters.rows != 1000:
        raise Unexpected(f"1000 rows were inserted, and {meters.rows} were counted.")
    return f"{told(meters)}."


def _parallel_meters(stage: Stage) -> str:
    """Servers that work in parallel are sessions of their own: this shows how much of them comes to the one that asked."""
    stage.need_enterprise()
    index = stage.index(stage.table(rows=20_000, width=200))
    serial = _metered(stage, index_statements.rebuild(
        stage.owner, index, None, None, is_online=False, degree=1, back=""
    )[0])  # fmt: skip
    parallel = _metered(stage, statements.rebuild_parallel(stage.owner, index))
    if None in (serial.cpu_ms, serial.io_operations, parallel.cpu_ms, parallel.io_operations):
        raise Unexpected(f"Not everything was measured; alone: {told(serial)}; with two servers: {told(parallel)}.")
    return f"The same rebuild alone: {told(serial)}; with two servers: {told(parallel)}."


def _metered(stage: Stage, statement: str) -> Meters:
    step = Step(
        key="metered", operation_type="UPDATE", object=stage.prefix, object_type="TABLE", statements=(statement,),
        reason="To measure what it costs.", undo_note="The object is removed.",
    )  # fmt: skip
    outcome = stage.session.execute(step)
    if outcome.error is not None:
        raise PlatformError(outcome.error)
    return outcome.meters


def told(meters: Meters) -> str:
    """For people. Pure."""
    figures = (
        (meters.cpu_ms, "ms of CPU"), (meters.memory_mb, "MB of memory"), (meters.io_operations, "reads and writes"),
        (meters.rows, "rows"),
    )  # fmt: skip
    return ", ".join(f"{value:,} {what}" for value, what in figures if value is not None) or "nothing was measured"


def _limits(stage: Stage) -> str:
    session = stage.open(_RUN)
    settings = stage.platform.limit_settings(Limits(parallel_degree=1))
    for setting in settings:
        session.alter(setting)
    rows = stage.read(smoke_query("own_limits"), of=session)
    if not rows:
        raise Unexpected("The database does not list the session that asks.")
    told = ", ".join(f"{name} {value}" for name, value in rows[0].items())
    if {str(value) for value in rows[0].values()} != {"DISABLED"}:
        raise Unexpected(f"After {'; '.join(settings)} the session has {told}.")
    return f"{'; '.join(settings)}: the session has {told}."


def _backup_job(stage: Stage) -> str:
    stage.need("CREATE JOB", "CREATE EXTERNAL JOB", "CREATE CREDENTIAL")
    of_system, of_database, job = stage.name(), stage.name(), stage.name()
    for name in (of_system, of_database):
        stage.make("CREDENTIAL", name, statements.credential(stage.owner, name))
    stage.make("JOB", job, statements.backup_job(stage.owner, job, of_system, of_database))
    rows = stage.session.rows(smoke_query("own_job"), {"job_name": job})
    if not rows:
        raise Unexpected("The dictionary does not show the job.")
    seen = {name: str(value) for name, value in rows[0].items()}
    wanted = {
        "job_type": "BACKUP_SCRIPT",
        "enabled": "FALSE",
        "credential_name": of_system,
        "connect_credential_name": of_database,
    }
    if wrong := [f"{name} {seen[name]}" for name in wanted if seen[name].strip('"') != wanted[name]]:
        raise Unexpected(f"The job has {', '.join(wrong)}.")
    return "The job has both credentials, and is not enabled."
