"""The portal's own codes: what it found itself, without an error of the database."""

from __future__ import annotations

from monitoring.known_errors.entry import AUTHENTICATION, CANCELLED, LOCK, LOST, PERMANENT, TRANSIENT, Entry

SOURCE = ""  # they are described here and nowhere else

ERRORS: dict[str, Entry] = {
    "verification": Entry(
        PERMANENT,
        "The statement reported no error, and yet the database says afterwards that the work is not done.",
        "Look at what it said before and after on the operation's page; VACUUM and ANALYZE without the right only warn.",
    ),
    "failed_check": Entry(
        PERMANENT,
        "A check came to its end and found what must not be: damage, or rows that break a rule. It has changed nothing.",
        "The message says what. The finding on the database's page says what a person does, and stays until a check is clean.",
    ),
    "outlasts_window": Entry(
        PERMANENT,
        "One step was cut off by the end of its window twice: it takes longer than the window lasts.",
        "Give the window more time, or run this object by itself in a longer one.",
    ),
    "plan_unreadable": Entry(
        PERMANENT,
        "The plan that was kept of the run cannot be read by this version of the portal.",
        "Plan the work anew: nothing of this run was started.",
    ),
    "worker_lost": Entry(
        LOST,
        "The process that carried out the work is gone: killed, or its machine was restarted.",
        "The portal has asked the database what was done. Look into the portal's log and the machine's memory.",
    ),
    "connection": Entry(
        LOST,
        "The connection broke without a word of the server.",
        "Check the server's log and the network at that minute.",
    ),
    "network": Entry(
        TRANSIENT,
        "The network did not reach the database; the message says how far it came.",
        "Check host, port, name resolution and firewall; the portal tries again.",
    ),
    "no_answer": Entry(
        TRANSIENT,
        "Somebody took the call and then said nothing, as a listener that hangs or a firewall that swallows packets.",
        "Check the listener and the network; the portal gives up in time and tries again.",
    ),
    "not_now": Entry(
        PERMANENT,
        "The step would not be safe now, as for want of room on the disk; nothing was sent.",
        "The message says what stands in the way. Remove it, and start the run again.",
    ),
    "changed": Entry(
        PERMANENT,
        "What a deployment was to change, or to take back, somebody has changed since; it was left as it is.",
        "Look at what differs. Have the run planned anew: what is found then is put back, with what was there as its undo.",
    ),
    "history_gone": Entry(
        PERMANENT,
        "The old statistics cannot be brought back: the database no longer keeps them.",
        "Gather them anew. DBMS_STATS.ALTER_STATS_HISTORY_RETENTION makes the database keep them for longer.",
    ),
    "time_limit": Entry(
        CANCELLED,
        "A look at the database took longer than it may.",
        "Look what slows the database down; look at fewer objects at once.",
    ),
    "at_work": Entry(
        LOCK,
        "Somebody else was working on the same table, as an index build or a VACUUM.",
        "It is tried again; if it comes each night, move one of the two.",
    ),
    "old_transaction": Entry(
        LOCK,
        "A transaction that is older stayed open: an online rebuild would wait for its end.",
        "Have its owner end it; if it comes each night, move one of the two.",
    ),
    "address": Entry(PERMANENT, "The database's address cannot be read.", "Correct it on the database's page."),
    "package": Entry(
        PERMANENT,
        "The package in the database is not what the plan was made with, or refuses the object.",
        "Have the run planned anew; where validate_target refuses, its author says what it takes.",
    ),
    "secret": Entry(
        PERMANENT,
        "The secret that the database's account refers to is not there.",
        "Set the environment variable or file that it names, or enter the password anew.",
    ),
    "stopped": Entry(
        AUTHENTICATION,
        "A sign-in was refused before, and nothing tries again by itself: accounts get locked.",
        "Correct the account, then clear the stop on the database's page.",
    ),
    "version": Entry(
        PERMANENT,
        "The database's version is older than those that the portal knows.",
        "Upgrade the database; the message names the oldest that is known.",
    ),
}
