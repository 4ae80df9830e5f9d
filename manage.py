#!/usr/bin/env python
"""Runs Django's and the portal's commands."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "maintenance_portal.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from maintenance_portal.installation import DataFolderRefused

    try:
        _ = settings.INSTALLED_APPS  # a wrong setting is told in a sentence, not in a traceback
    except (DataFolderRefused, ImproperlyConfigured, ValueError, OSError) as refusal:
        sys.exit(f"A setting is wrong: {refusal}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
