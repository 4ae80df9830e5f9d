"""A next run that is typed over one for which a run is prepared, and a job that is deleted in SQL, unsettle the jobs concerned."""

from typing import Any

from django.db import migrations

from strategies import job_triggers


def install_anew(apps: Any, schema_editor: Any) -> None:
    job_triggers.remove(apps, schema_editor)
    job_triggers.install(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("strategies", "0019_cut_off_plans")]

    operations = [
        migrations.RunPython(install_anew, migrations.RunPython.noop),
        migrations.RunPython(job_triggers.install_gone, job_triggers.remove_gone),
    ]
