"""All settings, read from the environment or `.env`; docs/settings.md has a paragraph on each."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import environ
from django.contrib.messages import constants as messages
from django.core.exceptions import ImproperlyConfigured

from maintenance_portal import installation, own_database, redis_address, sqlite_reading

BASE_DIR = Path(__file__).resolve().parent.parent


class _Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """Each NAME may also come from the file that NAME_FILE names, as container platforms hand out secrets."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError:  # its own words do not say which setting it is, and may repeat a secret
            raise ImproperlyConfigured(f"the value of {var} cannot be read; docs/settings.md has an example.") from None

    def secret(self, var: str) -> str:
        """As it stands: a password that begins with $ names no other setting."""
        return str(self.ENVIRON.get(var, "")).rstrip("\r\n")


env = _Environment()
if _file := env.str("PORTAL_ENV_FILE", default=str(BASE_DIR / ".env")):
    env.read_env(_file)

# What this installation keeps: the embedded database, keys, log files. Made by the first command, readable by its user only.
PORTAL_DATA = Path(env.str("PORTAL_DATA", default=str(BASE_DIR / "data"))).absolute()
# Where the demo's databases are made: beside the data folder, since they are no part of it.
PORTAL_DEMO = Path(env.str("PORTAL_DEMO", default=f"{PORTAL_DATA.resolve()}-demo")).absolute()
# What strategies can be generated from beside what the portal brings.
_generator = env.str("PORTAL_GENERATOR", default="")
PORTAL_GENERATOR = Path(_generator).absolute() if _generator else None
os.umask(0o077)  # whatever the portal writes is for its own user

DEBUG = env.bool("PORTAL_DEBUG", default=False)
SECRET_KEY: str = env.str("PORTAL_SECRET_KEY", default="") or installation.key(PORTAL_DATA, "django", size=48)
# Keys that encrypt targets' secrets, newest first: the first encrypts, all decrypt.
PORTAL_ENCRYPTION_KEYS: list[str] = env.list("PORTAL_ENCRYPTION_KEYS", default=[]) or [
    installation.key(PORTAL_DATA, "secrets")
]
ALLOWED_HOSTS: list[str] = env.list("PORTAL_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("PORTAL_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "maintenance_portal.apps.PortalConfig",  # first, so that its commands go before Django's of the same name
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "django_q",
    "django_htmx",
    "django_filters",
    "crispy_forms",
    "crispy_bootstrap5",
    "strategies.apps.StrategiesConfig",
    "monitoring.apps.MonitoringConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "maintenance_portal.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "maintenance_portal.refusals.SignInFirst",
    "maintenance_portal.middleware.ReaderTimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "maintenance_portal.refusals.NotAllowedPage",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "maintenance_portal.urls"
WSGI_APPLICATION = "maintenance_portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "maintenance_portal.navigation.navigation",
            ],
        },
    },
]

try:
    _own = own_database.read(
        env.str("DATABASE_URL", default=f"sqlite:///{PORTAL_DATA / 'portal.sqlite3'}"),
        password=env.secret("DATABASE_PASSWORD"),
        wallet_password=env.secret("DATABASE_WALLET_PASSWORD"),
    )
except own_database.Refused as refusal:
    raise ImproperlyConfigured(str(refusal)) from None
DATABASES: dict[str, Any] = {"default": _own.entry}
PORTAL_HOME_URL = _own.home  # the address of the target *home* where DATABASES does not tell it
PORTAL_DATABASE_STATED = dict(_own.stated)  # what DATABASE_URL says to be bought: `edition`, `licensed`
PORTAL_DATABASE_POOL = env.int("PORTAL_DATABASE_POOL", default=0)  # connections that all pages share; 0 = one a thread
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Writers take their lock at BEGIN, so that two never deadlock half-way; WAL lets pages read while a run writes.
    DATABASES["default"]["OPTIONS"] = {
        "factory": sqlite_reading.Connection,
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # Tests use threads and processes, which cannot share a database in memory.
    DATABASES["default"]["TEST"] = {"NAME": str(PORTAL_DATA / "test.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "strategies.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = env.int("PORTAL_SIGN_IN_FAILURES", default=10)
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "maintenance_portal.sign_ins.name_to_count"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False  # its rows are counters; the audit tells the story
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("PORTAL_TIME_ZONE", default="UTC")  # for readers who set no zone of their own; stored times are UTC
USE_I18N = False
USE_TZ = True

MESSAGE_TAGS = {messages.SUCCESS: "ok", messages.ERROR: "fail", messages.WARNING: "warn", messages.INFO: "run"}

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
warnings.filterwarnings("ignore", message="No directory at")  # STATIC_ROOT is there only where collectstatic is used
WHITENOISE_AUTOREFRESH = DEBUG

# Where people reach the portal, as https://portal.example.com: messages lead there. Empty = they lead nowhere.
PORTAL_URL = env.str("PORTAL_URL", default="").rstrip("/")

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CSRF_FAILURE_VIEW = "maintenance_portal.views.csrf_failure"

# Behind HTTPS (PORTAL_HTTPS=yes) cookies and redirects insist on it; the demo on localhost has none.
PORTAL_HTTPS = env.bool("PORTAL_HTTPS", default=False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PORTAL_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/$"]  # asked from the same machine, where nobody speaks HTTPS; it tells no secret
SECURE_HSTS_SECONDS = env.int("PORTAL_HSTS_SECONDS", default=31_536_000) if PORTAL_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PORTAL_HTTPS
PORTAL_BEHIND_PROXY = env.bool("PORTAL_BEHIND_PROXY", default=False)
PORTAL_PROXY_ADDRESS = env.str("PORTAL_PROXY_ADDRESS", default="127.0.0.1")
if PORTAL_BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# How runs are watched, in seconds: a worker that says nothing for a lease is looked for; a stop waits a grace before it cancels.
PORTAL_LEASE_SECONDS = env.int("PORTAL_LEASE_SECONDS", default=30)
PORTAL_GRACE_SECONDS = env.int("PORTAL_GRACE_SECONDS", default=30)
PORTAL_WAKE_SECONDS = env.int("PORTAL_WAKE_SECONDS", default=5)
PORTAL_LOOK_SECONDS = env.int("PORTAL_LOOK_SECONDS", default=220)
PORTAL_PLAN_AHEAD_SECONDS = env.int("PORTAL_PLAN_AHEAD_SECONDS", default=60)
PORTAL_APPROVAL_AHEAD_SECONDS = env.int("PORTAL_APPROVAL_AHEAD_SECONDS", default=172_800)
# A cluster of workers that does not answer for so long, although one of its workers is free, is replaced.
PORTAL_PULSE_SECONDS = env.int("PORTAL_PULSE_SECONDS", default=20)
PORTAL_FACTS_MAX_AGE_SECONDS = env.int("PORTAL_FACTS_MAX_AGE_SECONDS", default=3600)
PORTAL_COLLECT_SECONDS = env.int("PORTAL_COLLECT_SECONDS", default=15)
# How much at once.
PORTAL_RUN_WORKERS = env.int("PORTAL_RUN_WORKERS", default=4)
PORTAL_SHORT_WORKERS = env.int("PORTAL_SHORT_WORKERS", default=2)
PORTAL_MAX_RUNS = env.int("PORTAL_MAX_RUNS", default=PORTAL_RUN_WORKERS)

# django-q2 only wakes workers up; what is true about a run stands in our own tables. It never repeats a task by itself
# (max_attempts, ack_failures), and `retry` lies far above the longest run, so that it never hands one out twice.
# It warns that no timeout at all is longer than any retry: a run may take as long as it takes, and is claimed only once.
warnings.filterwarnings("ignore", message="Retry and timeout are misconfigured")
try:  # kept in parts, of which Django's page of errors hides the password
    PORTAL_REDIS = redis_address.read(env.str("PORTAL_REDIS_URL", default=""))
except ValueError as refusal:
    raise ImproperlyConfigured(f"the value of PORTAL_REDIS_URL cannot be read: {refusal}") from None
_Q_SHARED: dict[str, Any] = {
    **({"broker_class": "strategies.redis_broker.RedisBroker"} if PORTAL_REDIS else {}),
    "orm": "default",
    "catch_up": False,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "scheduler": False,
    "label": "Queue",
    "poll": 0.2,
}
Q_CLUSTER: dict[str, Any] = {
    **_Q_SHARED,
    "name": "default",
    "workers": PORTAL_SHORT_WORKERS,
    "timeout": PORTAL_LOOK_SECONDS + 20,  # a look ends by itself before its worker is stopped, and says why
    "retry": 2 * (PORTAL_LOOK_SECONDS + 20),
    "bulk": 1,
    "queue_limit": 50,
    "ALT_CLUSTERS": {
        "maintenance": {
            **_Q_SHARED,
            "workers": PORTAL_RUN_WORKERS,
            "timeout": None,
            "retry": 30 * 86_400,
            "bulk": 1,
            "queue_limit": 1,
        },
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {
        "tokens": {"()": "maintenance_portal.log_filters.WithoutTokens"},
        "probes": {"()": "maintenance_portal.log_filters.WithoutProbes"},
        "away": {"()": "maintenance_portal.log_filters.OnceAMinute"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain", "filters": ["away"]}},
    "root": {"handlers": ["stderr"], "level": env.str("PORTAL_LOG_LEVEL", default="WARNING")},
    "loggers": {
        "django-q": {"level": "WARNING"},
        "axes": {"level": "ERROR"},
        "psycopg.pool": {"level": "ERROR"},  # each attempt while the database is away; the pages say so themselves
        "urllib3": {"level": "WARNING"},  # below that it tells paths, and those of chats and webhooks hold their tokens
        "django.request": {
            "level": "ERROR",
            "filters": ["tokens", "probes"],
        },  # 403, 404 and the like are answers, and no trouble of the portal
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
