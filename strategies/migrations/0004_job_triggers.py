"""The database itself marks jobs whose definition was changed, so that the next tick reads them anew."""

from django.db import migrations

from strategies import job_triggers


class Migration(migrations.Migration):
    dependencies = [("strategies", "0003_jobs_by_the_clock")]

    operations = [migrations.RunPython(job_triggers.install, job_triggers.remove)]
