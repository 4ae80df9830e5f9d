"""Messages of real forms that PostgreSQL, SQLite, Oracle and the portal write, sorted by hand: one kind of error, one entry."""

# ruff: noqa: E501 (messages stand here as the products write them)

from __future__ import annotations

POSTGRESQL: dict[str, tuple[str, ...]] = {
    "23505 building": (
        'could not create unique index "a_ccnew"',
        'could not create unique index "orders_by_customer_ccnew1"',
        'could not create unique index "Odd ""name"""\nDETAIL:  Key (customer)=(17) is duplicated.',
    ),
    "23505 writing": (
        'duplicate key value violates unique constraint "orders_pkey"\nDETAIL:  Key (id)=(5) already exists.',
        'duplicate key value violates unique constraint "customer_email_key"\n'
        "DETAIL:  Key (email, region)=(o'neil@example.org, EU) already exists.",
        'duplicate key value violates unique constraint "pk". DETAIL: Key (a)=(2026-11-24 02:00:00) already exists.',
    ),
    "55P03 statement": ("canceling statement due to lock timeout", "canceling statement due to lock timeout\n"),
    "55P03 nowait": (
        'could not obtain lock on relation "orders"',
        'could not obtain lock on relation "archive_2025_11"',
    ),
    "57014 timeout": ("canceling statement due to statement timeout", "canceling statement due to statement timeout "),
    "57014 user": ("canceling statement due to user request",),
    "57014 autovacuum": (
        'canceling autovacuum task\nCONTEXT:  automatic vacuum of table "shop.public.orders"',
        'canceling autovacuum task. CONTEXT: automatic analyze of table "crm.app.customers_2026"',
    ),
    "40P01": (
        "deadlock detected\nDETAIL:  Process 1234 waits for ShareLock on transaction 987; blocked by process 1235.\n"
        "Process 1235 waits for ShareLock on transaction 986; blocked by process 1234.\nHINT:  See server log for query details.",
        "deadlock detected\nDETAIL:  Process 77 waits for AccessExclusiveLock on relation 16404 of database 5; blocked by process 8.\n"
        "Process 8 waits for RowExclusiveLock on relation 16411 of database 5; blocked by process 77.",
        "deadlock detected",
    ),
    "40001": ("could not serialize access due to concurrent update",),
    "40001 read/write": (
        "could not serialize access due to read/write dependencies among transactions\n"
        "DETAIL:  Reason code: Canceled on identification as a pivot, during write.",
        "could not serialize access due to read/write dependencies among transactions\nHINT:  The transaction might succeed if retried.",
    ),
    "42P01": (
        'relation "orders" does not exist\nLINE 1: SELECT * FROM orders\n                      ^',
        'relation "app.customers" does not exist',
        'relation "Ümlaut table" does not exist\nLINE 12: VACUUM "Ümlaut table"\n                ^',
    ),
    "42703": (
        'column "placed_on" does not exist\nLINE 1: SELECT placed_on FROM orders\n               ^',
        'column "x" does not exist',
        "column o.placed does not exist\nLINE 1: SELECT o.placed FROM orders o",
    ),
    "42501 table": (
        "permission denied for table orders",
        "permission denied for table customers_2025",
        "permission denied for table customers",
    ),
    "42501 schema": ("permission denied for schema app", "permission denied for schema reporting"),
    "42501 owner of index": ("must be owner of index orders_pkey", "must be owner of index customers_by_name"),
    "42501 owner of table": ("must be owner of table orders", "must be owner of table lines"),
    "42501 vacuum": (
        'permission denied to vacuum "orders", skipping it',
        'permission denied to vacuum "customers_2026_11", skipping it',
    ),
    "42P07": ('relation "orders_idx" already exists', 'relation "orders_idx_ccnew" already exists'),
    "53100 extend": (
        'could not extend file "base/16384/24601": No space left on device\nHINT:  Check free disk space.',
        'could not extend file "base/16384/24601.3": No space left on device',
        'could not extend file "pg_tblspc/16999/PG_16_202307071/16384/1": No space left on device',
    ),
    "53100 temp": (
        'could not write to file "base/pgsql_tmp/pgsql_tmp123.4": No space left on device',
        'could not write to file "base/pgsql_tmp/pgsql_tmp9981.0": No space left on device',
    ),
    "53200": (
        'out of memory\nDETAIL:  Failed on request of size 1048576 in memory context "ExprContext".',
        'out of memory\nDETAIL:  Failed on request of size 64 in memory context "HashBatchContext".',
    ),
    "53200 shared": (
        'out of shared memory\nHINT:  You might need to increase "max_locks_per_transaction".',
        "out of shared memory\nHINT:  You might need to increase max_locks_per_transaction.",
    ),
    "53300": ("sorry, too many clients already",),
    "53300 reserved": ("remaining connection slots are reserved for roles with the SUPERUSER attribute",),
    "28P01": (
        'connection to server at "10.0.4.17", port 5432 failed: FATAL:  password authentication failed for user "maint"',
        'connection to server at "db1.example.org" (10.0.4.18), port 5433 failed: FATAL:  password authentication failed for user "x"',
        'connection to server at "::1", port 5432 failed: FATAL:  password authentication failed for user "portal"',
    ),
    "3D000": (
        'connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: FATAL:  database "crm" does not exist',
        'connection to server on socket "/tmp/pg/.s.PGSQL.5434" failed: FATAL:  database "shop" does not exist',
    ),
    "08001 refused": (
        'connection to server at "10.0.4.17", port 5432 failed: Connection refused\n\tIs the server running on that host?',
        'connection to server at "db2.example.org" (192.0.2.9), port 6432 failed: Connection refused\n\tIs the server running on that host?',
    ),
    "08001 timeout": (
        'connection to server at "10.0.4.17", port 5432 failed: timeout expired',
        'connection to server at "10.0.9.99", port 5432 failed: timeout expired',
    ),
    "08001 name": (
        'could not translate host name "db7.example.org" to address: Name or service not known',
        'could not translate host name "old-db" to address: Name or service not known',
    ),
    "57P01": ("terminating connection due to administrator command",),
    "57P01 idle": ("terminating connection due to idle-in-transaction timeout",),
    "57P03": ("the database system is starting up", "the database system is starting up\n"),
    "57P03 recovery": ("the database system is in recovery mode",),
    "08006": (
        "server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally\n"
        "\tbefore or while processing the request.",
        "server closed the connection unexpectedly This probably means the server terminated abnormally before or while processing the request.",
    ),
    "08006 terminating": (
        "consuming input failed: terminating connection due to administrator command server closed the connection unexpectedly",
    ),
    "25001 vacuum": ("VACUUM cannot run inside a transaction block",),
    "25001 reindex": ("REINDEX CONCURRENTLY cannot run inside a transaction block",),
    "25006": ("cannot execute REINDEX during recovery",),
    "25006 read-only": ("cannot execute VACUUM in a read-only transaction",),
    "0A000 catalog": ("cannot reindex system catalogs concurrently",),
    "55006": (
        'database "shop" is being accessed by other users\nDETAIL:  There are 3 other sessions using the database.',
        'database "crm" is being accessed by other users\nDETAIL:  There is 1 other session using the database.',
    ),
    "2BP01": (
        "cannot drop table orders because other objects depend on it\nDETAIL:  view recent depends on table orders",
        "cannot drop table customers because other objects depend on it\nDETAIL:  view a depends on table customers\nview b depends on view a",
    ),
    "XX001 page": (
        "invalid page in block 1234 of relation base/16384/24601",
        "invalid page in block 7 of relation base/5/16999",
    ),
    "XX001 read": (
        'could not read block 99 in file "base/16384/24601": read only 0 of 8192 bytes',
        'could not read block 4711 in file "base/16384/99": read only 4096 of 8192 bytes',
    ),
    "XX002": (
        'index "orders_pkey" contains unexpected zero page at block 3\nHINT:  Please REINDEX it.',
        'index "customers_by_name" contains unexpected zero page at block 812',
    ),
    "XX002 heap": (
        'heap tuple (12,4) from table "orders" lacks matching index tuple within index "orders_pkey"',
        'heap tuple (9917,33) from table "lines" lacks matching index tuple within index "lines_by_order"',
    ),
    "58030": (
        'could not read file "base/16384/24601": Input/output error',
        'could not read file "pg_xact/0012": Input/output error',
    ),
    "58P01": (
        'could not open file "base/16384/24601": No such file or directory',
        'could not open file "pg_xact/00AF": No such file or directory',
    ),
    "22P02": (
        'invalid input syntax for type integer: "abc"',
        'invalid input syntax for type integer: ""',
        'invalid input syntax for type integer: "12x"',
    ),
    "22P02 date": (
        'invalid input syntax for type date: "2026-13-45"',
        'invalid input syntax for type date: "yesterdy"',
    ),
    "22021": (
        'invalid byte sequence for encoding "UTF8": 0x00',
        'invalid byte sequence for encoding "UTF8": 0xe2 0x28 0xa1',
    ),
    "42601": (
        'syntax error at or near "SELEC"\nLINE 1: SELEC 1\n        ^',
        'syntax error at or near ")"\nLINE 3: )\n        ^',
    ),
    "42883": (
        "function pgstatindex(regclass) does not exist\nLINE 1: SELECT pgstatindex($1)\nHINT:  No function matches the given name.",
        "function bt_index_check(oid, boolean) does not exist",
        "function app.nightly() does not exist",
    ),
    "55000 snapshot": ("snapshot too old",),
    "72000 P0001": (
        "orders are locked for the quarter close\nCONTEXT:  PL/pgSQL function app.guard() line 3 at RAISE",
        "orders are locked for the quarter close\nCONTEXT:  PL/pgSQL function guard(integer) line 17 at RAISE",
    ),
    "wraparound": (
        'database is not accepting commands that assign new transaction IDs to avoid wraparound data loss in database "shop"',
        'database is not accepting commands that assign new transaction IDs to avoid wraparound data loss in database "crm"',
    ),
    "ccnew skipped": (
        "Not now: 2 transactions are older than 10 min on 2026-11-24 02:13:55.123+00",
        "Not now: 1 transactions are older than 10 min on 2026-10-03 14:00:00+00",
    ),
}

SQLITE: dict[str, tuple[str, ...]] = {
    "BUSY": ("database is locked",),
    "LOCKED": ("database table is locked: orders", "database table is locked: sqlite_schema", "database table is locked: lines"),
    "CORRUPT": ("database disk image is malformed",),
    "NOTADB": ("file is not a database",),
    "FULL": ("database or disk is full",),
    "IOERR": ("disk I/O error",),
    "READONLY": ("attempt to write a readonly database",),
    "CANTOPEN": ("unable to open database file",),
    "CANTOPEN of ours": (
        "unable to open database file: /var/lib/app/shop.db",
        "unable to open database file: /srv/databases/crm/data.sqlite3",
    ),
    "INTERRUPT": ("interrupted",),
    "no table": (
        "no such table: orders",
        "no such table: main.customers",
        "no such table: archive_2026",
        "no such table: a table with blanks",
    ),
    "no column": ("no such column: placed", "no such column: o.placed_on", "no such column: x1"),
    "no index": ("no such index: orders_by_customer", "no such index: idx"),
    "no module": ("no such module: fts5", "no such module: rtree"),
    "no function": ("no such function: REGEXP", "no such function: similarity"),
    "no collation": ("no such collation sequence: GERMAN", "no such collation sequence: app_nocase"),
    "unique": (
        "UNIQUE constraint failed: orders.id",
        "UNIQUE constraint failed: customers.email, customers.region",
        "UNIQUE constraint failed: index 'orders_by_hash'",
    ),
    "not null": ("NOT NULL constraint failed: orders.customer", "NOT NULL constraint failed: lines.amount_cents"),
    "check": ("CHECK constraint failed: amount > 0", "CHECK constraint failed: gsc_execution_mode"),
    "foreign key": ("FOREIGN KEY constraint failed",),
    "table exists": ("table orders already exists", "table archive_2025 already exists"),
    "index exists": ("index orders_by_customer already exists", "index idx already exists"),
    "syntax": ('near "SELEC": syntax error', 'near ")": syntax error', 'near "orders": syntax error'),
    "incomplete": ("incomplete input",),
    "vacuum": ("cannot VACUUM from within a transaction",),
    "vacuum statements": ("cannot VACUUM - SQL statements in progress",),
    "output exists": ("output file already exists",),
    "nested": ("cannot start a transaction within a transaction",),
    "too big": ("string or blob too big",),
    "schema": (
        "malformed database schema (orders_by_hash) - no such function: app_hash",
        "malformed database schema (v_recent) - near \"RETURNING\": syntax error",
    ),
    "integrity row": (
        "row 5 missing from index orders_by_customer",
        "row 81234 missing from index lines_by_order",
        "row 1 missing from index idx",
    ),
    "integrity entries": (
        "wrong # of entries in index orders_by_customer",
        "wrong # of entries in index sqlite_autoindex_lines_1",
    ),
    "integrity order": (
        "Tree 5 page 6 cell 0: Rowid 42 out of order",
        "Tree 17 page 1204 cell 33: Rowid 9981723 out of order",
    ),
    "integrity page": ("Page 12 is never used", "Page 90210 is never used"),
    "ambiguous": ("ambiguous column name: id", "ambiguous column name: customer_id"),
    "generated": ('cannot INSERT into generated column "total"', 'cannot INSERT into generated column "net_cents"'),
}  # fmt: skip

ORACLE: dict[str, tuple[str, ...]] = {
    "00001": (
        "ORA-00001: unique constraint (APP.PK_ORDERS) violated",
        "ORA-00001: unique constraint (CRM.UK_CUSTOMER_EMAIL) violated",
    ),
    "00001 on 23ai": (
        "ORA-00001: unique constraint (APP.PK_ORDERS) violated on table APP.ORDERS columns (ID)\n"
        "ORA-03301: (ORA-00001 details) row with column values (ID:5) already exists\nHelp: https://docs.oracle.com/error-help/db/ora-00001/",
        "ORA-00001: unique constraint (CRM.UK_EMAIL) violated on table CRM.CUSTOMERS columns (EMAIL)\n"
        "ORA-03301: (ORA-00001 details) row with column values (EMAIL:'a@example.org') already exists\n"
        "Help: https://docs.oracle.com/error-help/db/ora-00001/",
    ),
    "00018": ("ORA-00018: maximum number of sessions exceeded",),
    "00054": (
        "ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired",
        "ORA-00054: resource busy and acquire with NOWAIT specified or timeout expired\nHelp: https://docs.oracle.com/error-help/db/ora-00054/",
    ),
    "00060": ("ORA-00060: deadlock detected while waiting for resource",),
    "00257": ("ORA-00257: archiver error. Connect AS SYSDBA only until resolved.",),
    "00439": (
        "ORA-00439: feature not enabled: Online Index Build",
        "ORA-00439: feature not enabled: Online Index Build\nHelp: https://docs.oracle.com/error-help/db/ora-00439/",
    ),
    "00600": (
        "ORA-00600: internal error code, arguments: [kdsgrp1], [], [], [], [], [], [], [], [], [], [], []",
        "ORA-00600: internal error code, arguments: [kdsgrp1], [], [], [], [], [], [], [], [], [], [], []\n",
    ),
    "00600 numbered": (
        "ORA-00600: internal error code, arguments: [4194], [12], [33], [], [], [], [], [], [], [], [], []",
        "ORA-00600: internal error code, arguments: [4194], [9], [6], [], [], [], [], [], [], [], [], []",
    ),
    "00604 triggered": (
        "ORA-00604: error occurred at recursive SQL level 1\nORA-20010: no changes during the quarter close\nORA-06512: at line 5",
        "ORA-00604: error occurred at recursive SQL level 1\nORA-20010: no changes during the quarter close\n"
        'ORA-06512: at "APP.GUARD", line 17',
    ),
    "00942": (
        "ORA-00942: table or view does not exist",
        'ORA-00942: table or view does not exist\nORA-06512: at "APP.NIGHTLY", line 112\nORA-06512: at line 1',
    ),
    "00942 on 23ai": (
        'ORA-00942: table or view "APP"."ORDERS" does not exist\nHelp: https://docs.oracle.com/error-help/db/ora-00942/',
        'ORA-00942: table or view "CRM"."CUSTOMERS" does not exist\nHelp: https://docs.oracle.com/error-help/db/ora-00942/',
    ),
    "00904": ('ORA-00904: "PLACED_ON": invalid identifier', 'ORA-00904: "O"."X": invalid identifier'),
    "01013": ("ORA-01013: user requested cancel of current operation",),
    "01017": ("ORA-01017: invalid username/password; logon denied",),
    "01031": (
        "ORA-01031: insufficient privileges",
        'ORA-01031: insufficient privileges\nORA-06512: at "SYS.DBMS_STATS", line 40751',
    ),
    "01410": ("ORA-01410: invalid ROWID",),
    "01499": ("ORA-01499: table/index cross reference failure - see trace file",),
    "01536": (
        "ORA-01536: space quota exceeded for tablespace 'USERS'",
        "ORA-01536: space quota exceeded for tablespace 'CRM_DATA'",
    ),
    "01555": (
        'ORA-01555: snapshot too old: rollback segment number 12 with name "_SYSSMU12_1234567890$" too small',
        'ORA-01555: snapshot too old: rollback segment number 9 with name "_SYSSMU9_998877665$" too small',
        'ORA-01555: snapshot too old: rollback segment number  with name "" too small',
    ),
    "01578": (
        "ORA-01578: ORACLE data block corrupted (file # 5, block # 1234)\nORA-01110: data file 5: '/u01/oradata/ORCL/users01.dbf'",
        "ORA-01578: ORACLE data block corrupted (file # 12, block # 991)\nORA-01110: data file 12: '+DATA/ORCL/DATAFILE/crm.271.1029'",
    ),
    "01652": (
        "ORA-01652: unable to extend temp segment by 128 in tablespace TEMP",
        "ORA-01652: unable to extend temp segment by 8192 in tablespace TEMP2",
    ),
    "01653": (
        "ORA-01653: unable to extend table APP.ORDERS by 128 in tablespace USERS",
        "ORA-01653: unable to extend table CRM.CUSTOMERS by 8192 in tablespace CRM_DATA",
    ),
    "01654": (
        "ORA-01654: unable to extend index APP.ORDERS_BY_DATE by 128 in tablespace INDX",
        "ORA-01654: unable to extend index CRM.I1 by 8 in tablespace USERS",
    ),
    "01950": ("ORA-01950: no privileges on tablespace 'USERS'", "ORA-01950: no privileges on tablespace 'INDX'"),
    "02049": ("ORA-02049: timeout: distributed transaction waiting for lock",),
    "02266": ("ORA-02266: unique/primary keys in table referenced by enabled foreign keys",),
    "02291": (
        "ORA-02291: integrity constraint (APP.FK_LINES_ORDERS) violated - parent key not found",
        "ORA-02291: integrity constraint (CRM.FK1) violated - parent key not found",
    ),
    "03113": (
        "ORA-03113: end-of-file on communication channel\nProcess ID: 12345\nSession ID: 77 Serial number: 4431",
        "ORA-03113: end-of-file on communication channel\nProcess ID: 998\nSession ID: 1204 Serial number: 9",
    ),
    "04031": (
        'ORA-04031: unable to allocate 4096 bytes of shared memory ("shared pool","unknown object","sga heap(1,0)","kglsim")',
        'ORA-04031: unable to allocate 65560 bytes of shared memory ("large pool","unknown object","large pool","PX msg pool")',
    ),
    "04021": (
        "ORA-04021: timeout occurred while waiting to lock object APP.NIGHTLY",
        "ORA-04021: timeout occurred while waiting to lock object CRM.SYNC_PKG",
    ),
    "04068": (
        'ORA-04068: existing state of packages has been discarded\nORA-04061: existing state of package body "APP.NIGHTLY" has been invalidated',
        'ORA-04068: existing state of packages has been discarded\nORA-04061: existing state of package body "CRM.SYNC" has been invalidated',
    ),
    "06550": (
        "ORA-06550: line 1, column 7:\nPLS-00201: identifier 'DBMS_REPAIR.ONLINE_INDEX_CLEAN' must be declared\n"
        "ORA-06550: line 1, column 7:\nPL/SQL: Statement ignored",
        "ORA-06550: line 4, column 12:\nPLS-00201: identifier 'APP.NIGHTLY' must be declared\n"
        "ORA-06550: line 4, column 3:\nPL/SQL: Statement ignored",
    ),
    "08102": (
        "ORA-08102: index key not found, obj# 74389, file 5, block 1234 (2)",
        "ORA-08102: index key not found, obj# 12, file 7, block 9 (3)",
    ),
    "08103": ("ORA-08103: object no longer exists",),
    "08104": (
        "ORA-08104: this index object 74389 is being online built or rebuilt",
        "ORA-08104: this index object 991 is being online built or rebuilt",
    ),
    "10635": ("ORA-10635: Invalid segment or tablespace type",),
    "12154": ("ORA-12154: TNS:could not resolve the connect identifier specified",),
    "12514": ("ORA-12514: TNS:listener does not currently know of service requested in connect descriptor",),
    "12541": ("ORA-12541: TNS:no listener", "ORA-12541: TNS:no listener\n"),
    "12541 on 23ai": (
        "ORA-12541: Cannot connect. No listener at host 10.0.4.17 port 1521.\nHelp: https://docs.oracle.com/error-help/db/ora-12541/",
        "ORA-12541: Cannot connect. No listener at host db1.example.org port 1522.\nHelp: https://docs.oracle.com/error-help/db/ora-12541/",
    ),
    "14400": ("ORA-14400: inserted partition key does not map to any partition",),
    "14402": ("ORA-14402: updating partition key column would cause a partition change",),
    "19809": ("ORA-19809: limit exceeded for recovery files",),
    "19815": (
        "ORA-19815: WARNING: db_recovery_file_dest_size of 53687091200 bytes is 100.00% used, and has 0 remaining bytes available.",
        "ORA-19815: WARNING: db_recovery_file_dest_size of 4194304 bytes is 99.12% used, and has 36909 remaining bytes available.",
    ),
    "20001": (
        'ORA-20001: Invalid or inconsistent input values\nORA-06512: at "SYS.DBMS_STATS", line 24281',
        'ORA-20001: Invalid or inconsistent input values\nORA-06512: at "SYS.DBMS_STATS", line 40751\nORA-06512: at line 1',
    ),
    "20005": (
        "ORA-20005: object statistics are locked (stattype = ALL)",
        "ORA-20005: object statistics are locked (stattype = ALL)\n",
    ),
    "25153": ("ORA-25153: Temporary Tablespace is Empty",),
    "28000": ("ORA-28000: The account is locked.",),
    "28001": ("ORA-28001: the password has expired",),
    "30036": (
        "ORA-30036: unable to extend segment by 8 in undo tablespace 'UNDOTBS1'",
        "ORA-30036: unable to extend segment by 128 in undo tablespace 'UNDO2'",
    ),
    "DPY-4011": ("DPY-4011: the database or network closed the connection",),
    "DPY-4011 with number": (
        "DPY-4011: the database or network closed the connection\n[Errno 104] Connection reset by peer",
        "DPY-4011: the database or network closed the connection\n[Errno 104] Connection reset by peer\n"
        "Help: https://python-oracledb.readthedocs.io/en/latest/user_guide/troubleshooting.html#dpy-4011",
    ),
    "DPY-4024": ("DPY-4024: call timeout of 30000 ms exceeded", "DPY-4024: call timeout of 5 ms exceeded"),
    "DPY-6005": (
        "DPY-6005: cannot connect to database (CONNECTION_ID=Fz9ZbmW0Tn6k0bPuR1Yv5g==).\n[Errno 111] Connection refused",
        "DPY-6005: cannot connect to database (CONNECTION_ID=a+3xX/2qTL2Yw1W0bG7K9A==).\n[Errno 111] Connection refused",
    ),
}

PORTAL: dict[str, tuple[str, ...]] = {
    "time limit": (
        "the look took longer than 30 seconds",
        "the look took longer than 2.5 seconds",
    ),
    "worker lost": ("The worker that carried this out is gone.",),
    "still invalid": (
        "orders_by_customer is still invalid.",
        "lines_by_order_2026 is still invalid.",
    ),
}

# Collected after the rules were written, and sorted by the same hand.
LATER: tuple[tuple[str, str], ...] = (
    (
        'new row for relation "orders" violates check constraint "positive"\nDETAIL:  Failing row contains (1, -5).',
        'new row for relation "lines" violates check constraint "c1"\nDETAIL:  Failing row contains (9).',
    ),
    (
        'null value in column "customer" of relation "orders" violates not-null constraint',
        'null value in column "a_b" of relation "x" violates not-null constraint',
    ),
    (
        'insert or update on table "lines" violates foreign key constraint "lines_order_fkey"',
        'insert or update on table "a" violates foreign key constraint "b"',
    ),
    ('role "x" does not exist', 'role "portal_maint" does not exist'),
    (
        'no pg_hba.conf entry for host "10.0.0.9", user "maint", database "shop", no encryption',
        'no pg_hba.conf entry for host "10.1.0.9", user "m", database "crm", no encryption',
    ),
    ("value too long for type character varying(50)", "value too long for type character varying(200)"),
    (
        'nextval: reached maximum value of sequence "orders_id_seq" (2147483647)',
        'nextval: reached maximum value of sequence "lines_id_seq" (32767)',
    ),
    ("could not access status of transaction 12345", "could not access status of transaction 987"),
    ('replication slot "standby1" is active for PID 1234', 'replication slot "s2" is active for PID 99'),
    (
        'index row size 2744 exceeds btree version 4 maximum 2704 for index "a"',
        'index row size 3000 exceeds btree version 4 maximum 2704 for index "b_c"',
    ),
    ('schema "app" does not exist', 'schema "x" does not exist'),
    (
        "ORA-02292: integrity constraint (APP.FK) violated - child record found",
        "ORA-02292: integrity constraint (CRM.FK2) violated - child record found",
    ),
    (
        'ORA-12899: value too large for column "APP"."ORDERS"."NAME" (actual: 51, maximum: 50)',
        'ORA-12899: value too large for column "C"."T"."X" (actual: 300, maximum: 20)',
    ),
    ('ORA-01400: cannot insert NULL into ("APP"."ORDERS"."ID")', 'ORA-01400: cannot insert NULL into ("C"."T"."X")'),
    (
        "ORA-01502: index 'APP.ORDERS_PK' or partition of such index is in unusable state",
        "ORA-01502: index 'C.X' or partition of such index is in unusable state",
    ),
    (
        "ORA-12801: error signaled in parallel query server P003, instance db1:ORCL1 (1)\nORA-01652: unable to extend temp segment by 128 in tablespace TEMP",
        "ORA-12801: error signaled in parallel query server P01A, instance db2:ORCL2 (2)\nORA-01652: unable to extend temp segment by 64 in tablespace TEMP1",
    ),
    (
        "ORA-07445: exception encountered: core dump [kkqtnloCbk()+123] [SIGSEGV] [ADDR:0x0] [PC:0x123] [Address not mapped to object] []",
        "ORA-07445: exception encountered: core dump [kkqtnloCbk()+99] [SIGSEGV] [ADDR:0x8] [PC:0x99] [Address not mapped to object] []",
    ),
    (
        "ORA-27102: out of memory\nLinux-x86_64 Error: 12: Cannot allocate memory\nAdditional information: 108",
        "ORA-27102: out of memory\nLinux-x86_64 Error: 12: Cannot allocate memory\nAdditional information: 7",
    ),
    ('ORA-04063: package body "APP.X" has errors', 'ORA-04063: package body "C.Y" has errors'),
    (
        'ORA-06508: PL/SQL: could not find program unit being called: "APP.X"',
        'ORA-06508: PL/SQL: could not find program unit being called: "C.YZ"',
    ),
    ('foreign key mismatch - "lines" referencing "orders"', 'foreign key mismatch - "a" referencing "b"'),
    ("table orders has 3 columns but 2 values were supplied", "table lines has 7 columns but 6 values were supplied"),
    ("database shop is locked", "database crm is locked"),
    ('unrecognized token: "#"', 'unrecognized token: "@x"'),
    ("view v_recent may not be modified", "view x may not be modified"),
    ("error in view v_recent: no such column: a.x", "error in view q: no such column: z"),
    ("Error in index orders_idx: non-unique entry", "Error in index b: non-unique entry"),
    ("non-unique entry in index orders_pk", "non-unique entry in index b"),
    ("NULL value in orders.customer", "NULL value in lines.x"),
    (
        "2026-11-24 02:13:55 job NIGHTLY_17 failed at step 3 of 9",
        "2025-01-01 12:00:00 job NIGHTLY_3 failed at step 12 of 80",
    ),
    (
        "Backup of C:\\data\\shop.bak failed on Tue Nov 24 02:00:00 2026",
        "Backup of D:\\x\\crm.bak failed on Mon Jan 3 11:00:00 2025",
    ),
    (
        "Job 550e8400-e29b-41d4-a716-446655440000 timed out after 30.5 s",
        "Job 123e4567-e89b-12d3-a456-426614174000 timed out after 7 s",
    ),
    ("error on server db-prod-3: disk /u02 92% full", "error on server db-prod-11: disk /u07 99% full"),
    ("Table ORDERS: statistics gathering failed", "Table CUSTOMERS: statistics gathering failed"),
    ("The run was stopped at its limit of 3600 s.", "The run was stopped at its limit of 60 s."),
)

PRODUCTS = {"PostgreSQL": POSTGRESQL, "SQLite": SQLITE, "Oracle": ORACLE, "the portal": PORTAL}
LABELLED = [
    (f"{product}: {label}", message)
    for product, kinds in PRODUCTS.items()
    for label, messages in kinds.items()
    for message in messages
]
LABELLED += [(f"later: {number}", message) for number, pair in enumerate(LATER) for message in pair]
