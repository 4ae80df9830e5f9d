"""The portal's own codes: what it found itself, without an error of the database."""

from __future__ import annotations

from monitoring.known_errors.entry import AUTHENTICATION, CANCELLED, LOCK, LOST, PERMANENT, Entry

SOURCE = ""  # they are described here and nowhere else

ERRORS: dict[str, Entry] = {
    "verification": Entry(
        PERMANENT,
        "The statement reported no error, and yet the database says afterwards that the work is not done.",
        "Look at what it said before and after on the operation's page; VACUUM and ANALYZE without the right only warn.",
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
