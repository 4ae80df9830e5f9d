"""The database itself refuses to change or delete an audit entry."""

from django.db import migrations

from strategies import audit_guard


class Migration(migrations.Migration):
    dependencies = [("strategies", "0001_initial")]

    operations = [migrations.RunPython(audit_guard.install, audit_guard.remove)]
