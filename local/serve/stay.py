"""``make serve``: the whole stack until Ctrl-C, with the addresses, the people and a token to begin with."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from local.personas import PERSONAS
from local.processes import StartFailed
from local.stack import Stack, ended_by_signals, wait_while
from shared.errors import AttestError


def main() -> int:
    """0 when asked to end, 1 with one sentence when something cannot be started or ended on its own."""
    parser = argparse.ArgumentParser(prog="python -m local.serve", description=__doc__)
    parser.add_argument("--seed", type=Path, help="HaloPSA rows by table, JSON, plain or gzipped (SEED=)")
    parser.add_argument("--policy", type=Path, help="TOML merged over the shipped policy (POLICY=)")
    parser.add_argument("--stay-with-parent", action="store_true", help="end when the process that started us is gone")
    chosen = parser.parse_args()
    parent = os.getppid() if chosen.stay_with_parent else None
    began = time.monotonic()
    try:
        with ended_by_signals(), _stack(chosen.seed, chosen.policy) as stack:
            _say(told(stack, time.monotonic() - began))
            sentence = wait_while(stack, parent)
    except KeyboardInterrupt:
        _say("\nStopped.")
        return 0
    except (StartFailed, AttestError) as fault:
        print(fault, file=sys.stderr)
        return 1
    if sentence:
        print(sentence, file=sys.stderr)
    return 1 if sentence else 0


def _stack(seed: Path | None, policy: Path | None) -> Stack:
    """With the given rows, or the demo's rows and what its HaloPSA means by its numbers."""
    if seed is not None:
        return Stack(seed=seed, policy=policy, say=_say)
    from local.seeds import entra, world

    return Stack(seed=world.rows(), entra_seed=entra.rows(), policy=policy or world.POLICY, say=_say)


def _say(line: str) -> None:
    print(line, flush=True)


def told(stack: Stack, seconds: float) -> str:
    """What a newcomer needs to begin."""
    rows = "\n".join(
        f"  {key:<6} {one.oid}  {one.name:<32} {', '.join(one.roles)}"
        + (f" (practices: {', '.join(one.practices)})" if one.practices else "")
        for key, one in PERSONAS.items()
    )
    body = json.dumps(PERSONAS["nora"].token_request())
    ports = stack.ports
    return f"""
Halo Attest is ready after {seconds:.0f} s. Ctrl-C ends everything.

  portal and API   {stack.host_url}/
  in a browser     {stack.host_url}/_local/sign-in   (choose who to be; pages only)
  OpenAPI          {stack.host_url}/api/openapi.json
  HaloPSA          {stack.halo_url}/api   (simulator; control door {stack.halo_url}/_sim/)
  Entra, Graph     {stack.entra_url}/   (stand-in; control door {stack.entra_url}/_sim/)
  Azurite          blob {ports.azurite}, queue {ports.azurite + 1}, table {ports.azurite + 2}
  master key       {stack.master_key}   (x-functions-key, for POST {stack.host_url}/admin/functions/NAME)
  logs             {_shown(stack.logs)}

People (oid, name, roles):
{rows}

A token for Nora, and a first question:
  TOKEN=$(curl -s {stack.entra_url}/dev/token -H 'Content-Type: application/json' -d '{body}' \\
    | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])')
  curl -s {stack.host_url}/api/findings -H "Authorization: Bearer $TOKEN"
"""


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
