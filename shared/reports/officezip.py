"""Office files that are the same bytes every time: entries in one order, one time, no clock in their properties."""

from __future__ import annotations

import io
import re
import zipfile

_CREATED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def settle(data: bytes, as_of: str) -> bytes:
    """The same content with fixed times; workbooks inside (a chart's data) are settled too. ``as_of`` is RFC 3339."""
    second = as_of[:19].encode() + b"Z"
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new,
    ):
        for name in _order(old.namelist()):
            body = old.read(name)
            if name.endswith(".xlsx"):
                body = settle(body, as_of)
            elif name == "docProps/core.xml":
                body = _CREATED.sub(rb"\g<1>" + second + rb"\g<2>", body)
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            new.writestr(info, body)
    return out.getvalue()


def _order(names: list[str]) -> list[str]:
    """Readers want the content types first."""
    return sorted(names, key=lambda name: (name != "[Content_Types].xml", not name.startswith("_rels/"), name))
