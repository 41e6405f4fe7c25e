"""What every HTML answer carries, whoever made it."""

from __future__ import annotations

import base64
import hashlib
import re

_STYLE = re.compile(rb"<style[^>]*>(.*?)</style>", re.DOTALL)


def page_headers(html: bytes) -> dict[str, str]:
    """Content-Security-Policy and its companions; each inline style block is allowed by its own hash, scripts never."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(block).digest()).decode()}'"
        for block in dict.fromkeys(_STYLE.findall(html))
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src 'self' {hashes}".rstrip(),
            "img-src 'self' data:",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
