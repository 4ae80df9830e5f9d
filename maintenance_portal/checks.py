"""System checks with ids and hints: wrong settings are named before anything starts."""
