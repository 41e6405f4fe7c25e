"""A document as JSON: the headline first, numbers as numbers."""

from __future__ import annotations

import json

from shared.reports.document import Document

MEDIA_TYPE = "application/json"


def render(document: Document) -> bytes:
    """UTF-8, indented, one newline at the end."""
    return (json.dumps(document.to_json(), ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()
