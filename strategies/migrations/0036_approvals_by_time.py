"""What was asked, said and decided within some days is found by its time, whatever there was before."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("strategies", "0035_audit_seals")]

    operations = [
        migrations.AddIndex("approval", models.Index(fields=["asked_at"], name="portal_approval_by_asking")),
        migrations.AddIndex("approval", models.Index(fields=["decided_at"], name="portal_approval_by_end")),
        migrations.AddIndex("approvalword", models.Index(fields=["given_at"], name="portal_approval_word_by_time")),
    ]
