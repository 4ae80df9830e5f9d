"""The project: what stands on top of both apps. Its version is also in pyproject.toml."""

__version__ = "0.1.0"
