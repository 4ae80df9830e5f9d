"""Fills the files of the library: those of a folder of the installation's own come first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError

from strategies.generator.library import HERE, LibraryRefused


def render(name: str, values: Mapping[str, Any], own: tuple[Path, ...] = ()) -> str:
    """A file of `files/` as text, nothing escaped. Raises LibraryRefused for one that cannot be filled."""
    try:
        return _engine(own).get_template(name).render(Context(dict(values), autoescape=False))
    except (TemplateDoesNotExist, TemplateSyntaxError, OSError, UnicodeDecodeError) as fault:
        raise LibraryRefused(f"files/{name}: {type(fault).__name__}: {fault}") from None


@cache
def _engine(own: tuple[Path, ...]) -> Engine:
    return Engine(dirs=[str(place / "files") for place in (*own, HERE)], autoescape=False)
