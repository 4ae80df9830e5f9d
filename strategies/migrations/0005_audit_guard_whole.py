"""The audit's guard in its whole form: also against REPLACE (SQLite) and TRUNCATE (PostgreSQL)."""

from django.db import migrations

from strategies import audit_guard


class Migration(migrations.Migration):
    dependencies = [("strategies", "0004_job_triggers")]

    operations = [migrations.RunPython(audit_guard.reinstall, migrations.RunPython.noop)]
