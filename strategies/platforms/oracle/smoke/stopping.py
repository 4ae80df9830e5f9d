"""Items in which work is stopped from within and from beside, a connection is lost, and an online build is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator

import oracledb

from strategies.plans import ErrorClass, Outcome, Step
from strategies.platforms.base import PlatformError, RemoteSession
from strategies.platforms.oracle import index_state
from strategies.platforms.oracle.errors import is_hidden, target_error
from strategies.platforms.oracle.indexes import CONCERN as INDEXES
from strategies.platforms.oracle.lock_wait import lock_wait
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.oracle.smoke import statements
from strategies.platforms.oracle.smoke.items import Item, NotApplicable, Unexpected
from strategies.platforms.oracle.smoke.stage import Running, Stage
from strategies.platforms.oracle.smoke.working import carry_out, index_parameters, rebuild_step

STOPPING = "Stopping, and being lost"
_LONG_SECONDS = 60
_LIMIT_MS = 1500
_LIMIT_SECONDS = 2.0
_RUN = 1


def items() -> Iterator[Item]:
    yield Item(
        "cancel_within", STOPPING, "A statement is cancelled by its own session, which can go on", _cancel_within
    )
    yield Item(
        "cancel_beside",
        STOPPING,
        "A statement is cancelled from another session (ALTER SYSTEM CANCEL SQL)",
        _cancel_beside,
    )
    yield Item("lost_connection", STOPPING, "A session that is killed counts as lost, and is listed no more", _lost)
    yield Item("time_limit", STOPPING, "A piece of work ends at its limit of time", _time_limit)
    yield Item(
        "call_timeout", STOPPING, "What the driver's own limit of a round trip does to a DDL statement that waits", _call_timeout,
        changes=True,
    )  # fmt: skip
    yield Item(
        "index_cancel",
        STOPPING,
        "An online rebuild is cancelled, cleaned up after and made again",
        _cancelled_rebuild,
        changes=True,
    )


def _sleep() -> Step:
    return Step(
        key="sleep", operation_type="ANALYZE", object="the session", object_type="SESSION",
        statements=(statements.sleep(_LONG_SECONDS),), reason="Something that takes long.", undo_note="Nothing is changed.",
    )  # fmt: skip


def _asleep(stage: Stage) -> tuple[Running, RemoteSession]:
    """A session that is at work, and how the database lists it. Raises NotApplicable where it cannot be seen."""
    running = stage.run(stage.open(_RUN), _sleep())
    stage.until(lambda: running.is_over or bool(_working(stage)), "The database did not list the session as working")
    if running.is_over:
        _refused(running.outcome())
    return running, _working(stage)[0]


def _working(stage: Stage) -> list[RemoteSession]:
    try:
        return [found for found in stage.platform.our_sessions(stage.session, stage.tag(_RUN)) if found.is_working]
    except PlatformError as refusal:
        if is_hidden(refusal.error):
            raise NotApplicable(f"Other sessions cannot be seen: {refusal}") from None
        raise


def _refused(outcome: Outcome) -> None:
    """Raises PlatformError, Unexpected: it was to be at work."""
    if outcome.error is not None:
        raise PlatformError(outcome.error)
    raise Unexpected("What was to take long ended at once.")


def _ends_as(running: Running, kind: ErrorClass) -> str:
    error = running.outcome().error
    if error is None or error.error_class is not kind:
        raise Unexpected(
            f"It ended as {error.error_class if error else 'done'}, not as {kind}: {error or 'without an error'}."
        )
    return str(error)


def _cancel_within(stage: Stage) -> str:
    running, _ = _asleep(stage)
    progress = running.session.progress()
    running.session.cancel()
    words = _ends_as(running, ErrorClass.CANCELLED)
    running.session.facts()
    seen = (
        f" Before, its progress was told as: {progress.phase}."
        if progress is not None
        else " Its progress was not told."
    )
    return f"{words}. The session answers again.{seen}"


def _cancel_beside(stage: Stage) -> str:
    stage.need("ALTER SYSTEM")
    running, remote = _asleep(stage)
    _order(stage, remote, force=False)
    words = _ends_as(running, ErrorClass.CANCELLED)
    running.session.facts()
    return f"{words}. The session answers again."


def _order(stage: Stage, remote: RemoteSession, *, force: bool) -> None:
    """Raises PlatformError, Unexpected."""
    if not stage.platform.end_session(stage.session, remote, force=force):
        raise Unexpected(
            f"The database did not take the order for session {remote.session_id}, which it listed as working."
        )


def _lost(stage: Stage) -> str:
    stage.need("ALTER SYSTEM")
    running, remote = _asleep(stage)
    _order(stage, remote, force=True)
    words = _ends_as(running, ErrorClass.LOST)
    stage.until(
        lambda: not stage.platform.our_sessions(stage.session, stage.tag(_RUN)), "The database still listed the session"
    )
    return f"{words}. The database lists the session no more."


def _time_limit(stage: Stage) -> str:
    session, started = stage.open(_RUN), time.monotonic()
    with session.at_work(limit_seconds=_LIMIT_SECONDS):
        error = session.execute(_sleep()).error
    seconds = time.monotonic() - started
    if error is None or error.error_class is not ErrorClass.CANCELLED:
        raise Unexpected(
            f"With a limit of {_LIMIT_SECONDS:g} seconds it ended after {seconds:.1f} seconds: {error or 'without an error'}."
        )
    session.facts()
    return f"After {seconds:.1f} seconds: {error}. The session answers again."


def _call_timeout(stage: Stage) -> str:
    """The portal sets no such limit on what it sends; this is what would happen. An index that is not built online waits."""
    table = stage.table(rows=10)
    holder, waiter = stage.connection(), stage.connection()
    _send(holder, statements.fill(stage.owner, table, 1, 10))
    _send(waiter, *lock_wait(_LONG_SECONDS))
    waiter.call_timeout = _LIMIT_MS
    started = time.monotonic()
    try:
        _send(waiter, statements.index(stage.owner, stage.name(), table, '"ID"'))
    except (oracledb.Error, OSError) as refusal:
        seconds, error = time.monotonic() - started, target_error(refusal)
        usable = "is usable" if waiter.is_healthy() else "is closed"
        if error.error_class is not ErrorClass.LOST:
            raise Unexpected(f"After {seconds:.1f} seconds it ended as {error.error_class}: {error}.") from None
        return f"After {seconds:.1f} seconds: {error}. The connection {usable} afterwards."
    raise Unexpected("It did not wait for the open transaction of another session.")


def _send(connection: oracledb.Connection, statement: str) -> None:
    """Raises oracledb.Error, OSError."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _cancelled_rebuild(stage: Stage) -> str:
    """An open transaction on the table keeps the rebuild waiting, so that there is time to cancel it."""
    stage.need_enterprise()
    stage.need("EXECUTE ON SYS.DBMS_REPAIR", *oracle_query("index_locks").privileges)  # else nothing cleans up
    table = stage.table(rows=1000)
    index = stage.index(table)
    step = rebuild_step(stage, index, index_parameters(stage))
    holder = stage.connection()
    _send(holder, statements.fill(stage.owner, table, 1, 10, first=1001))
    running = stage.run(stage.open(_RUN), step)
    stage.until(
        lambda: running.is_over or _waits(running), "The rebuild was not seen to wait for the open transaction", 30
    )
    if running.is_over:
        _refused(running.outcome())
    running.session.cancel()
    told = [f"{_ends_as(running, ErrorClass.CANCELLED)}.", INDEXES.state_left(stage.session, step).message]
    holder.rollback()
    cleaning = INDEXES.clean_up(stage.session, step)
    told += [carry_out(stage, INDEXES, one).message for one in cleaning]
    state = index_state.read(stage.session, step)
    if state is not None and state.journal is not None:
        raise Unexpected(" ".join([*told, f"The journal {state.journal} is still there."]))
    told.append(carry_out(stage, INDEXES, step).message)
    return " ".join(told)


def _waits(running: Running) -> bool:
    progress = running.session.progress()
    return progress is not None and "waiting for session" in progress.phase
