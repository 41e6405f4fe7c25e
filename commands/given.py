"""Settings of a file as the Functions tools keep them."""

from __future__ import annotations

import json
from pathlib import Path

from shared.errors import Misconfigured


def under(path: Path | None) -> dict[str, str]:
    """The file's values, to be laid under the environment; none without a file."""
    if path is None:
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))["Values"]
        return {str(name): str(value) for name, value in values.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise Misconfigured(
            f'{path} cannot be read; it must be JSON like {{"Values":{{"NAME":"value"}}}}.', code="settings_invalid"
        ) from None
