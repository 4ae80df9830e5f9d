"""When a worker was last asked to count or to look after the log, so that the beat may ask at every tick."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0005_unreadable_rows'),
    ]

    operations = [
        migrations.AddField(
            model_name='rollupmark',
            name='woken_at',
            field=models.DateTimeField(help_text='When a worker was last asked to look.', null=True),
        ),
        migrations.AlterField(
            model_name='logcare',
            name='woken_at',
            field=models.DateTimeField(help_text='When it was last asked whether there is something to do.', null=True),
        ),
    ]
