"""Jobs and configurations with an instant or a figure that nobody can read are refused: one would keep all others waiting."""

from django.db import migrations

from strategies import job_guard


class Migration(migrations.Migration):
    dependencies = [("strategies", "0015_clock_of_jobs")]

    operations = [migrations.RunPython(job_guard.install, job_guard.remove)]
