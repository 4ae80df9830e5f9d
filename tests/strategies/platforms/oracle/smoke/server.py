"""As much of an Oracle database as a trial asks for, in memory: it keeps tables, indexes and sessions, and can be made to refuse."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from oracledb import errors as driver_errors

from strategies.platforms import oracle
from strategies.platforms.oracle.metering import CPU, IO, MEMORY
from strategies.platforms.oracle.names import oracle_query
from strategies.platforms.queries import load_query
from tests.strategies.platforms.oracle.dictionary import columns_of, row_of, statistics
from tests.strategies.platforms.oracle.dictionary import index as index_row
from tests.strategies.platforms.oracle.test_facts import ALL
from tests.strategies.platforms.oracle.transport import Connection, Rows, driver_error, oracle_error

_FOLDER = Path(oracle.__file__).parent
NAMES = {
    load_query(folder, path.stem).sql: path.stem
    for folder in ("oracle", "oracle/smoke")
    for path in (_FOLDER.parent / folder / "queries").glob("*.sql")
}


def _form(sql: str) -> re.Pattern[str]:
    """What a query with marks looks like once they are filled: the same mark is the same text wherever it stands."""
    seen: set[str] = set()

    def place(mark: re.Match[str]) -> str:
        text = f"(?P={mark[1]})" if mark[1] in seen else f"(?P<{mark[1]}>.+)"
        seen.add(mark[1])
        return text

    return re.compile(re.sub(r"\\\{(\w+)\\\}", place, re.escape(sql)))


MARKED = {_form(sql): name for sql, name in NAMES.items() if re.search(r"\{\w+\}", sql)}
OPTIONS = (
    "Partitioning", "Online Index Build", "Online Redefinition", "Parallel execution", "Bit-mapped indexes", "Flashback Table",
    "Advanced Compression", "Real Application Clusters",
)  # fmt: skip
EVERYTHING = (
    "SELECT ANY TABLE", "CREATE ANY TABLE", "COMMENT ANY TABLE",
    "CREATE SESSION", "CREATE TABLE", "CREATE SEQUENCE", "CREATE TRIGGER", "CREATE PROCEDURE",
    "CREATE JOB", "CREATE EXTERNAL JOB", "CREATE CREDENTIAL", "ALTER SYSTEM",
    "ANALYZE ANY", "ANALYZE ANY DICTIONARY", "ALTER ANY INDEX", "ALTER ANY TABLE", "DROP ANY TABLE", "ALTER ANY PROCEDURE",
    "ALTER ANY TYPE", "ALTER ANY TRIGGER", "ALTER ANY MATERIALIZED VIEW", "SELECT ANY DICTIONARY",
)  # fmt: skip
_NAME = r'"PORTAL"\."([^"]+)"'
_COUNTED = (
    "_columns",
    "_lobs",
    "_indexes",
    "_views",
    "_logs",
)  # how columns end that count what keeps a table from something


_TODAY = date(2026, 11, 28)


def _days(cutoff: str) -> int:
    """How old rows of that day are."""
    return (_TODAY - date.fromisoformat(cutoff)).days


@dataclass
class Table:
    rows: int = 0
    size_bytes: int = 65_536
    row_movement: str = "DISABLED"
    data_object_id: int = 1000
    gathered: list[str | None] = field(default_factory=lambda: [None])
    changes: int = 0
    comment: str = ""
    ages: list[int] = field(default_factory=list)  # in days, of a table with dates
    batches: dict[str, list[int]] = field(default_factory=dict)  # what an archive holds, by batch


@dataclass
class Index:
    table: str
    on: str
    status: str = "VALID"
    degree: str = "1"
    visibility: str = "VISIBLE"
    data_object_id: int = 2000
    has_journal: bool = False


class Server:
    """`refuses` maps a part of a statement, or the name of a query, to the error that it raises."""

    def __init__(self) -> None:
        self.privileges = list(EVERYTHING)
        self.facts: dict[str, Any] = dict(ALL)
        self.quota = {"tablespace_name": "USERS", "used_bytes": 0, "max_bytes": -1, "oracle_maintained": "N"}
        self.answers: dict[str, Rows] = {}
        self.refuses: dict[str, Exception] = {}
        self.during: dict[str, Callable[[], None]] = {}
        self.refuses_sign_in: Exception | None = None
        self.sign_ins = 0
        self.sent: list[str] = []
        self.connections: list[ServerConnection] = []
        self.tables: dict[str, Table] = {}
        self.indexes: dict[str, Index] = {}
        self.procedures: dict[str, str] = {}
        self.jobs: dict[str, dict[str, str]] = {}
        self.credentials: set[str] = set()
        self.bin: set[str] = set()
        self.has_bin = True
        self.units: set[str] = set()
        self.sources: dict[str, dict[str, str]] = {}  # of packages that a deployment brought, by kind
        self.log: list[dict[str, Any]] = []
        self.silenced: set[str] = set()
        self.broken: set[str] = set()
        self.generated: dict[tuple[str, str], str] = {}  # by strategy and part
        self.drifted: set[str] = set()  # strategies whose jobs somebody has changed
        self.counts = {"django_migrations": 0, "generic_maintenance_jobs": 0, "jobs_unread": 0, "portal_target": 0}
        self._seconds = 0
        self._turn = threading.RLock()

    def connect(self, **how: Any) -> Connection:
        self.sign_ins += 1
        if self.refuses_sign_in is not None:
            raise self.refuses_sign_in
        connection = ServerConnection(self, 100 + self.sign_ins)
        self.connections.append(connection)
        return connection

    @property
    def is_empty(self) -> bool:
        return not (
            self.tables or self.indexes or self.procedures or self.jobs or self.credentials or self.bin or self.units
        )

    def now(self) -> str:
        self._seconds += 5
        return f"2026-11-28 {8 + self._seconds // 3600:02}:{self._seconds // 60 % 60:02}:{self._seconds % 60:02}"

    def answer(self, connection: ServerConnection, statement: str, binds: Mapping[str, Any]) -> Rows | Exception:
        name = NAMES.get(statement, "") or self._marked(connection, statement)
        for part, error in self.refuses.items():
            if part == name or (not name and part in statement):
                return error
        for part, act in self.during.items():
            if part == name or (not name and part in statement):
                act()
        if name in self.answers:
            return self.answers[name]
        if name in self.facts:
            return self.facts[name]  # type: ignore[no-any-return]
        if name:
            read = getattr(self, f"_{name}", None)
            return read(connection, binds) if read is not None else []
        return self._do(connection, statement)

    def _marked(self, connection: ServerConnection, statement: str) -> str:
        for form, name in MARKED.items():
            if (match := form.fullmatch(statement)) is not None:
                connection.places = match.groupdict()
                return name
        return ""

    def _do(self, connection: ServerConnection, text: str) -> Rows | Exception:
        for pattern, act in _ACTS:
            if (match := re.match(pattern, text, re.DOTALL)) is not None:
                if act is None:
                    return []
                with self._turn:
                    found = act(self, connection, *match.groups())
                return found() if callable(found) else found or []
        raise AssertionError(f"nobody taught this server: {text}")

    # What changes something.

    def create_table(self, connection: ServerConnection, name: str) -> Rows:
        self.tables[name] = Table()
        for procedure in self.procedures:
            self.procedures[procedure] = "INVALID, AND CAN BE COMPILED"
        return []

    def insert(self, connection: ServerConnection, name: str, width: str, rows: str) -> Rows:
        table = self.tables[name]
        if connection.autocommit:
            table.rows += int(rows)
            table.changes += int(rows)
            table.size_bytes = max(65_536, table.rows * int(width))
        else:
            connection.works_on = name
        connection.rowcount = int(rows)
        return []

    def fill_aged(self, connection: ServerConnection, name: str, rows: str) -> Rows:
        self.tables[name].ages = list(range(1, int(rows) + 1))
        return []

    def take_old(self, connection: ServerConnection, name: str, cutoff: str, most: str, work: str) -> Rows:
        table = self.tables[name]
        chosen = [age for age in table.ages if age > _days(cutoff)][: int(most)]
        if (copied := re.search(rf"INSERT INTO {_NAME} .*, '([^']+)' FROM", work)) is not None:
            self.tables[copied[1]].batches[copied[2]] = chosen
        table.ages = [age for age in table.ages if age not in chosen]
        return []

    def bring_back(self, connection: ServerConnection, name: str, archive: str, batch: str) -> Rows:
        self.tables[name].ages += self.tables[archive].batches.pop(batch)
        return []

    def delete(self, connection: ServerConnection, name: str, kept: str) -> Rows:
        self.tables[name].rows = int(kept)
        return []

    def create_index(self, connection: ServerConnection, name: str, table: str, on: str) -> Rows | Exception:
        if any(other.works_on == table for other in self.connections if other is not connection):
            return driver_error(driver_errors.ERR_CALL_TIMEOUT_EXCEEDED, timeout=connection.call_timeout)
        self.indexes[name] = Index(table, on)
        return []

    def create_copy(self, connection: ServerConnection, name: str, table: str) -> Rows:
        self.tables[name] = Table(rows=self.tables[table].rows)
        return []

    def comment(self, connection: ServerConnection, name: str, text: str) -> Rows:
        self.tables[name].comment = text.replace("''", "'")
        return []

    def spoil(self, connection: ServerConnection, name: str) -> Rows:
        self.indexes[name].status = "UNUSABLE"
        return []

    def rebuild(
        self, connection: ServerConnection, name: str, part: str | None, online: str | None, degree: str | None
    ) -> Any:
        index = self.indexes[name]
        if index.has_journal:
            return oracle_error(8104, f"this index object {name} is being online built or rebuilt")
        if online and any(other.works_on == index.table for other in self.connections if other is not connection):
            connection.waits_for = next(other for other in self.connections if other.works_on == index.table)
            index.has_journal = True
            return connection.until_stopped
        index.status, index.data_object_id = "VALID", index.data_object_id + 1
        index.degree = degree or index.degree
        return []

    def set_degree(self, connection: ServerConnection, name: str) -> Rows:
        self.indexes[name].degree = "1"
        return []

    def set_visibility(self, connection: ServerConnection, name: str, word: str) -> Rows:
        self.indexes[name].visibility = word
        return []

    def clean(self, connection: ServerConnection, object_id: str) -> Rows:
        for index in self.indexes.values():
            index.has_journal = False
        return []

    def gather(self, connection: ServerConnection, name: str) -> Rows:
        table = self.tables[name.replace("''", "'")]
        table.gathered.append(self.now())
        table.changes = 0
        return []

    def back(self, connection: ServerConnection, name: str) -> Rows:
        self.tables[name].gathered.pop()
        return []

    def disable_parallel(self, connection: ServerConnection, kind: str) -> Rows:
        connection.parallel[{"DDL": "pddl_status", "DML": "pdml_status", "QUERY": "pq_status"}[kind]] = "DISABLED"
        return []

    def move_rows(self, connection: ServerConnection, name: str, word: str) -> Rows:
        self.tables[name].row_movement = {"ENABLE": "ENABLED", "DISABLE": "DISABLED"}[word]
        return []

    def shrink(self, connection: ServerConnection, name: str, compact: str | None) -> Rows | Exception:
        if any("UPPER" in index.on for index in self.indexes.values() if index.table == name):
            return oracle_error(10631, "SHRINK clause should not be specified for this object")
        if not compact:
            self.tables[name].size_bytes = self.tables[name].rows * 1000
        return []

    def move(self, connection: ServerConnection, name: str) -> Rows:
        table = self.tables[name]
        table.size_bytes, table.data_object_id = table.rows * 1000, table.data_object_id + 1
        return []

    def drop(self, connection: ServerConnection, kind: str, name: str, ending: str | None) -> Rows | Exception:
        if kind == "PROCEDURE":
            return [] if self.procedures.pop(name, None) else oracle_error(4043, f"object {name} does not exist")
        if name not in self.tables:
            return oracle_error(942, "table or view does not exist")
        if any(other.works_on == name for other in self.connections if other is not connection):
            return oracle_error(54, "resource busy and acquire with NOWAIT specified or timeout expired")
        self.tables.pop(name)
        self.indexes = {one: index for one, index in self.indexes.items() if index.table != name}
        if not ending and self.has_bin:
            self.bin.add(name)
        return []

    def purge(self, connection: ServerConnection, name: str) -> Rows | Exception:
        original = name.removeprefix("BIN$")
        if original not in self.bin:
            return oracle_error(38307, "object not in RECYCLE BIN")
        self.bin.discard(original)
        return []

    def create_procedure(self, connection: ServerConnection, name: str, table: str) -> Rows:
        self.procedures[name] = "INVALID"
        return []

    def compile(self, connection: ServerConnection, name: str) -> Rows:
        is_good = self.procedures[name].endswith("COMPILED") or self.procedures[name] == "VALID"
        self.procedures[name] = "VALID" if is_good else "INVALID"
        connection.warning_now = None if is_good else object()
        return []

    def cancel_sql(self, connection: ServerConnection, sid: str) -> Rows:
        self._session(int(sid)).stop(oracle_error(1013, "user requested cancel of current operation"))
        return []

    def kill(self, connection: ServerConnection, sid: str) -> Rows:
        self._session(int(sid)).stop(oracle_error(28, "your session has been killed"))
        return []

    def make_credential(self, connection: ServerConnection, name: str) -> Rows:
        self.credentials.add(name)
        return []

    def make_job(self, connection: ServerConnection, name: str, of_system: str, of_database: str) -> Rows:
        self.jobs[name] = {
            "job_type": "BACKUP_SCRIPT", "enabled": "FALSE", "credential_name": of_system, "connect_credential_name": of_database,
        }  # fmt: skip
        return []

    def drop_job(self, connection: ServerConnection, name: str) -> Rows | Exception:
        return [] if self.jobs.pop(name, None) else oracle_error(27475, f"unknown job {name}")

    def drop_credential(self, connection: ServerConnection, name: str) -> Rows | Exception:
        if name not in self.credentials:
            return oracle_error(27476, f"{name} does not exist")
        self.credentials.discard(name)
        return []

    def _session(self, sid: int) -> ServerConnection:
        return next(one for one in self.connections if one.session_id == sid)

    # What is read: each by the name of its query.

    def _system_privileges(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"privilege": name} for name in self.privileges]

    def _object_privileges(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        packages = ("DBMS_SPACE", "DBMS_STATS", "DBMS_REPAIR")
        return [{"privilege": "EXECUTE", "owner": "SYS", "name": package} for package in packages]

    def _quota(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [self.quota]

    def _own_objects(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        kinds = {"TABLE": self.tables, "PROCEDURE": self.procedures, "JOB": self.jobs, "CREDENTIAL": self.credentials}
        return [
            {"object_type": kind, "object_name": name}
            for kind, names in kinds.items()
            for name in names
            if name.startswith(binds["prefix"])
        ]

    def _option_names(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"name": name, "value": "TRUE"} for name in OPTIONS]

    def _own_statistics(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        connection.readings += 3
        return [{"name": name, "value": connection.readings} for name in (CPU, MEMORY, *IO)]

    def _waiting_sessions(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"waiting": 0}]

    def _load(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"active": 0}]

    def _undo_errors(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"without_room": 0, "too_old": 0}]

    def _backup_age(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"files": 4, "without_backup": 0, "hours": 3}]

    def _invalid_state(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"invalid_objects": 0, "unusable_indexes": 0}]

    def _find_table_or_index(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        kinds = {"TABLE": self.tables, "INDEX": self.indexes}
        return [{"owner": "PORTAL", "object_type": kind} for kind, names in kinds.items() if binds["name"] in names]

    def _measured_tables(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"owner": "PORTAL", "table_name": name, "num_rows": table.rows if table.gathered[-1] else None}
            for name, table in self.tables.items()
            if binds["table_name"] in (None, name)
        ]

    def size_of(self, connection: ServerConnection, name: str) -> Rows:
        return [{"figure": self.tables[name].size_bytes}]

    def rows_of(self, connection: ServerConnection, name: str) -> Rows:
        return [{"figure": self.tables[name].rows}]

    def oldest(self, connection: ServerConnection) -> Rows:
        return [{"session_name": "7,8,@1", "account": "ANNA", "figure": 3}]

    def _clock(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"now_utc": "2026-11-29 02:00:00"}]

    def _copy_source(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        counts = [
            name
            for name in columns_of(oracle_query("copy_source").sql)
            if name.endswith(("_columns", "_tables", "_policies"))
        ]
        return [
            row_of(
                "copy_source", owner="PORTAL", table_name=name, default_tablespace="USERS", temporary="N", size_bytes=table.size_bytes,
                **dict.fromkeys(counts, 0),
            )
            for name, table in self.tables.items()
            if name == binds["table_name"]
        ]  # fmt: skip

    def _copy_columns(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"column_name": name} for name in ("ID", "FILLER") if binds["table_name"] in self.tables]

    def _copies(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"table_name": name, "comments": table.comment} for name, table in self.tables.items() if table.comment]

    def _indexes(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            index_row(
                name, owner="PORTAL", table_owner="PORTAL", table_name=index.table, status=index.status, degree=index.degree,
                visibility=index.visibility, data_object_id=index.data_object_id,
            )
            for name, index in self.indexes.items()
            if (binds["owner"] is None or binds["index_name"] == name or binds["table_name"] == index.table)
            and (binds["everything"] or index.status == "UNUSABLE")
        ]  # fmt: skip

    def _index_segments(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"part_name": None, "tablespace_name": "USERS", "bytes": 65_536}]

    def _index_journals(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            row_of(
                "index_journals", journal_owner="PORTAL", journal_name="SYS_JOURNAL_700", journal_object_id=900, owner="PORTAL",
                index_name=name, table_owner="PORTAL", table_name=index.table, table_type="TABLE", object_id=700, table_object_id=600,
            )
            for name, index in self.indexes.items()
            if index.has_journal and binds["index_name"] == name
        ]  # fmt: skip

    def _own_index(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        index = self.indexes.get(binds["index_name"])
        if index is None:
            return []
        return [{"status": index.status, "degree": index.degree, "instances": "1", "visibility": index.visibility}]

    def _own_job(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [self.jobs[binds["job_name"]]] if binds["job_name"] in self.jobs else []

    def _own_tags(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {
                "module": connection.module, "action": connection.action, "client_info": connection.clientinfo,
                "client_identifier": connection.client_identifier,
            }
        ]  # fmt: skip

    def _own_limits(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [dict(connection.parallel)]

    def _statistics_clock(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {
                "now_utc": f"{self.now()}.000000", "restorable_from_utc": "2026-10-28 00:00:00.000000", "retention_days": 31,
                "publish": "TRUE", "incremental": "FALSE",
            }
        ]  # fmt: skip

    def _table_statistics(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            statistics(
                name, owner="PORTAL", num_rows=table.rows if table.gathered[-1] else None, last_analyzed=table.gathered[-1],
                inserts=table.changes or None, updates=0, deletes=0, truncated="NO",
            )
            for name, table in self.tables.items()
            if binds["table_name"] in (None, name)
        ]  # fmt: skip

    def _aged_table(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        if binds["table_name"] not in self.tables:
            return []
        return [
            row_of(
                "aged_table", owner="PORTAL", table_name=binds["table_name"], oracle_maintained="N", temporary="N", nested="NO",
                is_external="NO", age_type="DATE", immovable_columns=0, leading_indexes=0,
            )
        ]  # fmt: skip

    def _aged_columns(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"column_name": name, "virtual_column": "NO", "generation_type": None} for name in ("ID", "CREATED", "ARCHIVE_BATCH")
                if name != "ARCHIVE_BATCH" or binds["table_name"].endswith("_ARCHIVE")]  # fmt: skip

    def _aged_cutoff(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"cutoff_on": str(_TODAY - timedelta(days=binds["days"]))}]

    def _old_rows(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        match = re.fullmatch(_NAME, connection.places["table"])
        if match is None:  # of a query that is only tried
            return [{"row_count": 0}]
        cutoff = connection.places["condition"].rpartition("DATE '")[2].removesuffix("'")
        old = [age for age in self.tables[match[1]].ages if age > _days(cutoff)]
        return [{"row_count": min(len(old), binds["most"])}]

    def _archived_rows(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        match = re.fullmatch(_NAME, connection.places["archive"])
        return [{"row_count": len(self.tables[match[1]].batches.get(binds["batch"], ())) if match else 0}]

    def _archived_batches(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        match = re.fullmatch(_NAME, connection.places["archive"])
        return [{"batch": batch} for batch in self.tables[match[1]].batches] if match else []

    def _table_segment(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        table = self.tables.get(binds["table_name"])
        if table is None:
            return []
        own = [index for index in self.indexes.values() if index.table == binds["table_name"]]
        counted = {
            "function_indexes": sum("UPPER" in index.on for index in own),
            "unusable_indexes": sum(index.status == "UNUSABLE" for index in own),
        }
        counts = [name for name in columns_of(oracle_query("table_segment").sql) if name.endswith(_COUNTED)]
        return [
            row_of(
                "table_segment", owner="PORTAL", table_name=binds["table_name"], segment_type="TABLE", tablespace_name="USERS",
                tablespace_status="ONLINE", size_bytes=table.size_bytes, row_movement=table.row_movement,
                segment_space_management="AUTO", data_object_id=table.data_object_id, **dict.fromkeys(counts, 0) | counted,
            )
        ]  # fmt: skip

    def _recycle_bin(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            row_of("recycle_bin", owner="PORTAL", object_name=f"BIN${name}", original_name=name, age_days=0, size_bytes=65_536)
            for name in self.bin
            if binds["object_name"] in (name, f"BIN${name}")
        ]  # fmt: skip

    def _validatable_tables(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"owner": "PORTAL", "table_name": name, "size_bytes": table.size_bytes}
            for name, table in self.tables.items()
            if binds["table_name"] in (None, name)
        ]

    def _invalid_objects(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"owner": "PORTAL", "object_name": name, "object_type": "PROCEDURE", "last_changed": "2026-11-28 08:00:00"}
            for name, status in self.procedures.items()
            if status != "VALID" and binds["object_name"] in (None, name)
        ]

    def _compile_errors(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"type": "PROCEDURE", "line": 4, "position": 1, "text": "PL/SQL: ORA-00942: table or view does not exist"}
        ]

    def _our_sessions(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        seen = (one for one in self.connections if one is not connection and one.is_healthy())
        return [
            {
                **row_of("our_sessions", inst_id=1, sid=one.session_id, state="WAITING", event="PL/SQL lock timer", working_seconds=1),
                "serial#": one.serial_num,
                "status": "ACTIVE" if one.works.is_set() else "INACTIVE",
            }
            for one in seen
            if one.clientinfo == binds["tag"]
        ]  # fmt: skip

    def _progress(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        one = next((one for one in self.connections if one.session_id == binds["sid"]), None)
        if one is None:
            return []
        holder = one.waits_for.session_id if one.waits_for is not None else None
        return [row_of("progress", state="WAITING", event="enq: TX", blocking_session=holder, blocking_instance=1)]

    def _high_values(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"table_owner": "SALES", "table_name": "T", "partition_name": "P1", "high_value": "1000"}]

    # Packages: what they are asked is played, since nothing here can run them.

    def make_unit(self, connection: ServerConnection, kind: str, name: str) -> Rows:
        if kind in ("TABLE", "PACKAGE"):
            self.units.add(name.upper())
        return []

    def make_package(self, connection: ServerConnection, kind: str, name: str, rest: str) -> Rows:
        self.units.add(name)
        self.sources.setdefault(name, {})[kind] = f"{kind} {name} {rest}"
        return []

    def drop_unit(self, connection: ServerConnection, kind: str, name: str) -> Rows:
        self.units.discard(name)
        self.sources.pop(name, None)
        if name.endswith("_OPERATION_LOG"):
            self.log.clear()
        self.tables.pop(name, None)
        self.indexes = {one: index for one, index in self.indexes.items() if index.table != name}
        return []

    def start(self, connection: ServerConnection, strategy: str) -> Rows:
        if strategy in self.silenced:
            return [{"answer": None}]
        self.log.append({"status": "STARTED", "error_code": None, "duration_ms": None, "cpu_time_ms": None,
                         "operation_time": datetime.now(UTC).replace(tzinfo=None), "strategy_context": None})  # fmt: skip
        return [{"answer": len(self.log)}]

    def end(self, connection: ServerConnection, number: str, status: str) -> Rows:
        self.log[int(number) - 1] |= {"status": status, "error_code": "ORA-00054", "duration_ms": 3, "cpu_time_ms": 0}
        return []

    def switch(self, connection: ServerConnection, strategy: str, word: str) -> Rows:
        (self.silenced.discard if word == "TRUE" else self.silenced.add)(strategy)
        return []

    def log_at_once(self, connection: ServerConnection) -> Rows:
        self.log.append({"status": "SUCCESS"})
        return []

    def archive(self, connection: ServerConnection, name: str) -> Rows:
        self.tables[name] = Table(rows=len(self.log))
        return []

    def maintain(self, connection: ServerConnection, strategy: str) -> Rows:
        if strategy not in self.silenced:
            self.log += [{"status": "SUCCESS", "strategy": strategy}] * 3
        return []

    def count_logged(self, connection: ServerConnection, strategy: str) -> Rows:
        return [{"answer": sum(row.get("strategy") == strategy for row in self.log)}]

    def generate(self, connection: ServerConnection, part: str, strategy: str) -> Rows:
        return [{"text": self.generated[strategy, part]}]

    def drift(self, connection: ServerConnection, strategy: str) -> Rows:
        self.drifted.add(strategy)
        return []

    def execute_strategy(self, connection: ServerConnection, name: str, target_object: str) -> Rows:
        self.log.append({"status": "SUCCESS"})
        for index in self.indexes.values():
            if index.table == target_object and "INDEX_MAINTENANCE" in name:
                index.status = "VALID"
        return []

    def status_of(self, connection: ServerConnection, name: str) -> Rows:
        bad = "INDEX_MAINTENANCE" in name and any(index.status == "UNUSABLE" for index in self.indexes.values())
        return [{"object_name": "T", "status": "ERROR" if bad else "SUCCESS", "message": "It is as it is."}]

    def count(self, connection: ServerConnection, table: str, where: str) -> Rows:
        """Of the portal's own tables, as whoever plays the portal says."""
        return [{"answer": self.counts["jobs_unread" if "is_settled" in where else table]}]

    def _schema_objects(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        held = [("TABLE", name) for name in self.tables] + [
            (kind, name) for name in self.units for kind in ("PACKAGE", "PACKAGE BODY")
        ]
        return [
            {"object_type": kind, "object_name": name, "status": "INVALID" if name in self.broken else "VALID"}
            for kind, name in sorted(held)
        ]

    def _facts_packages(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"owner": "PORTAL", "package_name": name, "status": "VALID", "is_own": 1}
            for name in sorted(self.units)
            if name.endswith("_PKG") and "LOG" not in name
        ]

    def _deployed_package(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"kind": kind, "status": "VALID"} for kind in self.sources.get(binds["name"], {})]

    def _deployed_source(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [
            {"kind": kind, "line": number, "text": line}
            for kind, source in self.sources.get(binds["name"], {}).items()
            for number, line in enumerate(source.splitlines(keepends=True), 1)
        ]

    def _package_state(self, connection: ServerConnection, binds: Mapping[str, Any]) -> Rows:
        return [{"kind": "PACKAGE", "status": "VALID", "compiled_at": "2026-11-28 08:00:00"}]


class ServerConnection(Connection):
    """One session of that server."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__()
        self.server, self.session_id = server, number
        self.client_identifier = ""
        self.parallel = {"pq_status": "ENABLED", "pdml_status": "DISABLED", "pddl_status": "ENABLED"}
        self.works_on: str | None = None  # the table that its open transaction has changed
        self.waits_for: ServerConnection | None = None
        self.readings = 0
        self.places: dict[str, str] = {}  # of the query at hand
        self.rowcount = 0
        self.warning_now: Any = None
        self.works = threading.Event()
        self._stopped_by: Exception | None = None

    def answer(self, statement: str, binds: dict[str, Any], how: dict[str, Any]) -> Rows | Exception:
        self.sent.append(statement)
        self.server.sent.append(statement)
        found = self.server.answer(self, statement, binds)
        self.rowcounts[statement] = self.rowcount
        self.warnings[statement], self.warning_now = self.warning_now, None
        return found

    def until_stopped(self) -> Exception:
        self.works.set()
        assert self.broken.wait(10)
        self.broken.clear()
        self.works.clear()
        self.waits_for = None
        return self._stopped_by or oracle_error(1013, "user requested cancel of current operation")

    def sleep(self) -> Any:
        return self.until_stopped

    def stop(self, why: Exception) -> None:
        self._stopped_by = why
        self.broken.set()

    def cancel(self) -> None:
        self._stopped_by = None
        super().cancel()

    def rollback(self) -> None:
        self.works_on = None
        super().rollback()

    def close(self) -> None:
        self.works_on = None
        super().close()


Act = Callable[..., Any]
_PACKAGE = r"(?:mportal_smoke_\w+_pkg|generic_maintenance_logger_pkg)"
_UNIT = r"(mportal_smoke_\w+|my_strategy_pkg|index_maintenance_pkg|(?i:smoke_\w+_pkg))"
_ACTS: tuple[tuple[str, Act | None], ...] = (
    (r"CREATE OR REPLACE (PACKAGE BODY|PACKAGE) (MPORTAL_SMOKE_\w+) (.+)", Server.make_package),
    (rf"CREATE (?:OR REPLACE )?(TABLE|INDEX|TRIGGER|PACKAGE BODY|PACKAGE) {_UNIT}", Server.make_unit),
    (r"COMMENT ON TABLE mportal_smoke_", None),
    (r'DROP (PACKAGE) "PORTAL"\."([^"]+)"', Server.drop_unit),
    (r'DROP (TABLE) "PORTAL"\."([^"]+_(?:OPERATION_LOG|LOG_POLICY|STRATEGY_TYPES|ARCHIVE))"', Server.drop_unit),
    (r"BEGIN OPEN :answer FOR SELECT STRATEGY_IMPLEMENTATION_GENERATOR_PKG\.generate_package_(\w+)\('(\w+)'", Server.generate),
    (r"BEGIN (SMOKE_\w+)_PKG\.execute_strategy\('ALL'\)", Server.maintain),
    (r"BEGIN SELECT COUNT\(\*\) INTO :answer FROM generic_operation_log l WHERE l\.strategy_name = '(\w+)' AND l\.status = 'SUCCESS'",
     Server.count_logged),
    (r"BEGIN :answer := (SMOKE_\w+)_PKG\.get_strategy_status\('ALL'\)", Server.status_of),
    (r"UPDATE portal_target SET environment = 'development' WHERE is_home = 1$", None),
    (r"UPDATE generic_maintenance_jobs SET max_parallel_degree = .* WHERE strategy_name = '(\w+)'$", Server.drift),
    (r"BEGIN OPEN :answer FOR SELECT e\.name", None),
    (r"BEGIN OPEN :answer FOR SELECT l\.status", lambda self, connection: self.log),
    (rf"BEGIN :answer := {_PACKAGE}\.log_strategy_start\('(\w+)'", Server.start),
    (rf"BEGIN {_PACKAGE}\.log_strategy_end\((\d+), '(\w+)'", Server.end),
    (rf"BEGIN\s+{_PACKAGE}\.register_strategy", Server.log_at_once),
    (r"INSERT INTO generic_\w+ \(", None),  # of the examples; the portal is played where they are sent
    (r"BEGIN DBMS_UTILITY\.COMPILE_SCHEMA\(schema => 'PORTAL', compile_all => FALSE\)", None),
    (r"BEGIN OPEN :answer FOR SELECT \* FROM", None),
    (r"BEGIN SELECT COUNT\(\*\) INTO :answer FROM (django_migrations|generic_maintenance_jobs|portal_target)\b(.*)", Server.count),
    (
        rf"BEGIN SELECT COUNT\(\*\) INTO :answer FROM TABLE\({_PACKAGE}\.(\w+)\)",
        lambda self, connection, name: [{"answer": {"get_performance_trends": 30, "check_log_table_health": 0}.get(name, 1)}],
    ),
    (rf"BEGIN :answer := LENGTH\({_PACKAGE}", lambda self, connection: [{"answer": 240}]),
    (rf"BEGIN {_PACKAGE}\.set_strategy_logging\('(\w+)', (TRUE|FALSE)\)", Server.switch),
    (rf"BEGIN {_PACKAGE}\.log_operation", Server.log_at_once),
    (rf"BEGIN {_PACKAGE}\.archive_logs\('(\w+)'", Server.archive),
    (rf"BEGIN {_PACKAGE}\.compress_log_partitions", lambda self, connection: [{"answer": -20707}]),
    (r"BEGIN SELECT COUNT\(\*\) INTO :answer FROM MPORTAL_", lambda self, connection: [{"answer": len(self.log)}]),
    (r"BEGIN SELECT COUNT\(\*\) INTO :answer FROM mportal_", lambda self, connection: [{"answer": len(self.log)}]),
    (r'BEGIN :answer := CASE WHEN "PORTAL"\.', lambda self, connection: [{"answer": 1}]),
    (r'BEGIN :answer := "PORTAL"\."([^"]+)"\.get_strategy_status', Server.status_of),
    (r"""BEGIN\s+--[^\n]*\s+"PORTAL"\."([^"]+)"\.execute_strategy\(p_target_object => '([^']+)'""", Server.execute_strategy),
    (r"ALTER SESSION DISABLE PARALLEL (DDL|DML|QUERY)$", Server.disable_parallel),
    (r"ALTER SESSION |BEGIN\s+DBMS_STATS.FLUSH|SAVEPOINT|COMMIT", None),
    (r"SELECT NVL\(SUM\(s\.bytes\), 0\) AS figure .*? t\.table_name = '([^']+)'", Server.size_of),
    (r"SELECT t\.num_rows AS figure .* t\.table_name = '([^']+)'$", Server.rows_of),
    (r"SELECT CONCAT.* FROM gv\$transaction t", Server.oldest),
    (rf"CREATE TABLE {_NAME} AS SELECT .* FROM {_NAME}$", Server.create_copy),
    (rf"COMMENT ON TABLE {_NAME} IS '(.*)'$", Server.comment),
    (rf"CREATE TABLE {_NAME}", Server.create_table),
    (rf'INSERT INTO {_NAME} \("ID", "CREATED"\) SELECT LEVEL, .*<= (\d+)', Server.fill_aged),
    (rf"DECLARE\s+TYPE places.*?FROM {_NAME} t\s+WHERE t\.\"CREATED\" < DATE '([\d-]+)' AND ROWNUM <= (\d+)(.*)", Server.take_old),
    (rf"DECLARE\s+returned.*?INSERT INTO {_NAME} .*? FROM {_NAME} a WHERE a\.\"ARCHIVE_BATCH\" = '([^']+)'", Server.bring_back),
    (rf"INSERT INTO {_NAME} .*RPAD\('x', (\d+), .*<= (\d+)", Server.insert),
    (rf'DELETE FROM {_NAME} WHERE "ID" > (\d+)', Server.delete),
    (rf"CREATE INDEX {_NAME} ON {_NAME} (.+)", Server.create_index),
    (rf"ALTER INDEX {_NAME} UNUSABLE$", Server.spoil),
    (rf'ALTER INDEX {_NAME} REBUILD(?: PARTITION "([^"]+)")?( ONLINE)?(?: PARALLEL (\d+))?$', Server.rebuild),
    (rf"ALTER INDEX {_NAME} NOPARALLEL$", Server.set_degree),
    (rf"ALTER INDEX {_NAME} (INVISIBLE|VISIBLE)$", Server.set_visibility),
    (r"BEGIN\s+IF NOT SYS.DBMS_REPAIR.ONLINE_INDEX_CLEAN\((\d+)", Server.clean),
    (r"""BEGIN\s+DBMS_STATS.GATHER_TABLE_STATS\(ownname => '"PORTAL"', tabname => '"([^"]+)"'""", Server.gather),
    (r"""BEGIN\s+DBMS_STATS.(?:RESTORE|DELETE)_TABLE_STATS\(ownname => '"PORTAL"', tabname => '"([^"]+)"'""", Server.back),
    (rf"ALTER TABLE {_NAME} (ENABLE|DISABLE) ROW MOVEMENT$", Server.move_rows),
    (rf"ALTER TABLE {_NAME} SHRINK SPACE( COMPACT)?$", Server.shrink),
    (rf"ALTER TABLE {_NAME} MOVE ONLINE$", Server.move),
    (rf"DROP (TABLE|PROCEDURE) {_NAME}( CASCADE CONSTRAINTS PURGE)?$", Server.drop),
    (rf"PURGE TABLE {_NAME}$", Server.purge),
    (rf"CREATE PROCEDURE {_NAME} .*FROM {_NAME}", Server.create_procedure),
    (rf"ALTER PROCEDURE {_NAME} COMPILE", Server.compile),
    (rf"ANALYZE TABLE {_NAME} VALIDATE STRUCTURE CASCADE ONLINE$", None),
    (r"ALTER SYSTEM CANCEL SQL '(\d+),", Server.cancel_sql),
    (r"ALTER SYSTEM KILL SESSION '(\d+),", Server.kill),
    (r"BEGIN\s+DBMS_SESSION.SLEEP", lambda self, connection: connection.sleep()),
    (rf"BEGIN\s+DBMS_CREDENTIAL.CREATE_CREDENTIAL\(credential_name => '{_NAME}'", Server.make_credential),
    (rf"BEGIN\s+DBMS_CREDENTIAL.DROP_CREDENTIAL\(credential_name => '{_NAME}'", Server.drop_credential),
    (
        rf"BEGIN\s+DBMS_SCHEDULER.CREATE_JOB\(job_name => '{_NAME}'.*credential_name => '{_NAME}'.*value => '{_NAME}'",
        Server.make_job,
    ),
    (rf"BEGIN\s+DBMS_SCHEDULER.DROP_JOB\(job_name => '{_NAME}'", Server.drop_job),
)  # fmt: skip
