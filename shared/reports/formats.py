"""Which formats a report comes in; each renderer is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from shared.reports.document import Document

FORMATS: tuple[str, ...] = ("json", "html", "pdf", "xlsx", "docx", "pptx", "csv")


def render(name: str, document: Document) -> bytes:
    """The document in a format of FORMATS. The same document gives the same bytes."""
    module = import_module(f"shared.reports.{name}")
    return cast("Callable[[Document], bytes]", module.render)(document)


def media_type(name: str) -> str:
    """What HTTP calls the format."""
    return str(import_module(f"shared.reports.{name}").MEDIA_TYPE)
