"""The storage SDK with nothing done twice: the same requests and answers for half the processor time.

What a call costs a Function is the SDK's own Python, not the network. Left out is what the SDK has done already
(``requests`` makes each request ready anew) and what it does the long way (a transaction through the e-mail package).
"""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import requests
from azure.core.rest import HttpRequest
from azure.data.tables import TableClient, TableTransactionError
from requests.structures import CaseInsensitiveDict
from typing_extensions import override


class LeanSession(requests.Session):
    """Sends a request as the SDK made it ready: no cookies, no redirects, nothing from the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # storage is reached directly; a proxy from the environment would catch loopback

    @override
    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        body = options.get("data")
        if options.get("files") or not (body is None or isinstance(body, bytes)):
            return super().request(method, url, **options)
        ready = requests.PreparedRequest()
        ready.method, ready.url, ready.body = method, url, body
        ready.headers = CaseInsensitiveDict(options.get("headers") or {})
        if body or method not in ("GET", "HEAD"):
            ready.headers.setdefault("Content-Length", str(len(body or b"")))
        stream = bool(options.get("stream"))
        answer = self.get_adapter(url).send(
            ready, stream=stream, timeout=options["timeout"], verify=options["verify"], cert=options["cert"]
        )
        if not stream:
            _ = answer.content  # read here, so that a line that breaks is met where the SDK looks for it
        return answer


class LeanTable(TableClient):
    """A table whose transactions are written down plainly and whose answers are read only where they object.

    The form is the one Table storage takes: a batch of one change set with its requests in order.
    https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions

    The SDK calls this of its own; should a release of it no longer do so, it writes and reads them itself again.
    """

    def _batch_send(self, table_name: str, *reqs: HttpRequest, **kwargs: Any) -> list[Any]:  # noqa: ARG002  # the SDK's
        batch, changes = f"batch_{uuid4()}", f"changeset_{uuid4()}"
        written = [f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n".encode()]
        for number, one in enumerate(reqs):
            written += _part(changes, number, one)
        written.append(f"--{changes}--\r\n--{batch}--\r\n".encode())
        request = HttpRequest(
            "POST",
            f"{self.scheme}://{self._primary_hostname}/$batch",
            headers={
                "x-ms-version": self.api_version,
                "DataServiceVersion": "3.0",
                "MaxDataServiceVersion": "3.0;NetFx",
                "Content-Type": f"multipart/mixed; boundary={batch}",
                "Accept": "application/json",
            },
            content=b"".join(written),
        )
        # Streamed, because what reads other answers does not know this form.
        answer = self._client.send_request(request, stream=True, **kwargs)
        said = answer.read()
        objection = _OBJECTION.search(said)
        if answer.status_code == 202 and objection is None:
            return []
        code = _CODE.search(said)
        fault: Any = TableTransactionError(message="The transaction was refused.", response=answer)
        fault.status_code = int(objection[1]) if objection else answer.status_code
        fault.error_code = code[1].decode() if code else answer.headers.get("x-ms-error-code", "")
        raise fault


_OBJECTION = re.compile(rb"(?m)^HTTP/1\.[01] ([^2]\d\d)\b")
_CODE = re.compile(rb'"code"\s*:\s*"(\w+)"')


def _part(boundary: str, number: int, one: HttpRequest) -> tuple[bytes, bytes, bytes]:
    content = one.content or b""
    body = content.encode() if isinstance(content, str) else content
    headers = {**one.headers, "Content-Length": str(len(body))}
    head = (
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {number}"
        f"\r\n\r\n{one.method} {one.url} HTTP/1.1\r\n"
    )
    return (head + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode(), body, b"\r\n"
