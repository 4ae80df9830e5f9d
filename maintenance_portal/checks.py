"""System checks with ids and hints: wrong settings are named before anything starts."""

from __future__ import annotations

import ipaddress
import zoneinfo
from importlib.util import find_spec
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Advice
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from maintenance_portal import installation, page_pool
from strategies import registry
from strategies.definitions import own_folders
from strategies.generator.implementation import try_all
from strategies.generator.library import LibraryRefused, library
from strategies.generator.masters import MasterBroken

PORTAL = "portal"
_AT_LEAST = {
    "PORTAL_LEASE_SECONDS": 5,
    "PORTAL_GRACE_SECONDS": 1,
    "PORTAL_WAKE_SECONDS": 1,
    "PORTAL_LOOK_SECONDS": 10,
    "PORTAL_PLAN_AHEAD_SECONDS": 0,
    "PORTAL_APPROVAL_AHEAD_SECONDS": 0,
    "PORTAL_PULSE_SECONDS": 6,  # a cluster is asked every five seconds
    "PORTAL_FACTS_MAX_AGE_SECONDS": 60,
    "PORTAL_COLLECT_SECONDS": 1,
    "PORTAL_RUN_WORKERS": 1,
    "PORTAL_SHORT_WORKERS": 1,
    "PORTAL_MAX_RUNS": 1,
}


@register(PORTAL)
def data_folder(**_: Any) -> list[CheckMessage]:
    try:
        installation.check_data_folder(settings.PORTAL_DATA)
    except installation.DataFolderRefused as refusal:
        return [Error(str(refusal), id="portal.E001")]
    return []


@register(PORTAL)
def encryption_keys(**_: Any) -> list[CheckMessage]:
    """Without a look at the keys themselves: messages end up in logs."""
    for position, key in enumerate(settings.PORTAL_ENCRYPTION_KEYS, 1):
        try:
            Fernet(key)
        except (ValueError, TypeError):
            return [
                Error(
                    f"Key {position} of PORTAL_ENCRYPTION_KEYS is none: it must be 32 bytes in URL-safe base64.",
                    hint="Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
                    id="portal.E002",
                )
            ]
    return []


@register(PORTAL)
def time_zone(**_: Any) -> list[CheckMessage]:
    if settings.TIME_ZONE in zoneinfo.available_timezones():
        return []
    hint = "A name such as UTC or Europe/Berlin."
    return [Error(f"PORTAL_TIME_ZONE names no time zone: {settings.TIME_ZONE!r}.", hint=hint, id="portal.E003")]


@register(PORTAL)
def numbers(**_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{name} is {getattr(settings, name)}, but it must be at least {least}.",
            hint="Leave it out for the default.",
            id="portal.E004",
        )
        for name, least in _AT_LEAST.items()
        if getattr(settings, name) < least
    ]


@register(PORTAL)
def address(**_: Any) -> list[CheckMessage]:
    """Messages lead there."""
    own = settings.PORTAL_URL
    try:
        if own:
            URLValidator(schemes=["http", "https"])(own)
    except ValidationError:
        hint = "An address such as https://portal.example.org, or none."
        return [Error("PORTAL_URL is no address of a page.", hint=hint, id="portal.E005")]
    return []


@register(PORTAL)
def proxy(**_: Any) -> list[CheckMessage]:
    """It is compared as it stands with the address that a connection comes from: a name would never be believed."""
    address = settings.PORTAL_PROXY_ADDRESS
    try:
        if address != "*":
            ipaddress.ip_address(address)
    except ValueError:
        hint = "An address such as 127.0.0.1, or * where only the proxy can reach the portal."
        return [Error(f"PORTAL_PROXY_ADDRESS is no IP address: {address!r}.", hint=hint, id="portal.E006")]
    return []


@register(PORTAL)
def pool(**_: Any) -> list[CheckMessage]:
    """The workers are forked: connections that a pool holds would be used by several processes at once."""
    own = settings.DATABASES["default"]
    problem = page_pool.problem(settings.PORTAL_DATABASE_POOL, own["ENGINE"])
    if own.get("OPTIONS", {}).get("pool"):
        problem = "A pool of the driver's in DATABASES would be shared by forked workers; the pages can have one."
    hint = "Leave PORTAL_DATABASE_POOL out, or name how many connections the pages share, as in 4."
    return [Error(problem, hint=hint, id="portal.E007")] if problem else []


@register(PORTAL)
def redis(**_: Any) -> list[CheckMessage]:
    if settings.PORTAL_REDIS and find_spec("redis") is None:
        hint = (
            "python -m pip install -r requirements-redis.txt, with the Python of the portal; or leave the setting out."
        )
        sentence = "PORTAL_REDIS_URL is set, but the package redis is not installed."
        return [Error(sentence, hint=hint, id="portal.E014")]
    return []


@register(PORTAL)
def installed_strategies(**_: Any) -> list[CheckMessage]:
    """The portal starts without one that cannot be used."""
    hint = "Install a version of that package that fits, or uninstall it; then start the portal anew."
    return [Advice(fault, hint=hint, id="portal.W005") for fault in registry.installed().faults]


@register(PORTAL)
def generator(**_: Any) -> list[CheckMessage]:
    """Everything but the generator works without it."""
    try:
        try_all(library(*own_folders()), own_folders())
    except (LibraryRefused, MasterBroken) as refusal:
        hint = "Mend the file, or leave PORTAL_GENERATOR out."
        return [Advice(f"No strategy can be generated: {refusal}.", hint=hint, id="portal.W006")]
    return []


@register(Tags.security, deploy=True)
def production(**_: Any) -> list[CheckMessage]:
    """What works on a desk and is not meant for production."""
    found: list[CheckMessage] = []
    if not settings.PORTAL_URL:
        hint = "PORTAL_URL=https://portal.example.org"
        found.append(
            Advice("Messages lead nowhere: the portal does not know its own address.", hint=hint, id="portal.W001")
        )
    if "*" in settings.ALLOWED_HOSTS:
        hint = "PORTAL_ALLOWED_HOSTS=portal.example.org"
        found.append(Advice("The portal answers to every host name.", hint=hint, id="portal.W002"))
    return found
