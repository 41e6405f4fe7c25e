"""Commands that take rights away, written for the person who will run them; we never change a tenant ourselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PLAIN_ID = re.compile(r"[A-Za-z0-9._~:/-]{1,1024}")
_PLAIN_WORD = re.compile(r"[A-Za-z0-9._:/ @-]{1,200}")


def _said(value: str) -> str:
    """A name behind ``#``; one that could break out of the comment is left out."""
    return f"  # {value}" if _PLAIN_WORD.fullmatch(value) else ""


def _safe(*ids: str) -> bool:
    return all(_PLAIN_ID.fullmatch(one) for one in ids)


def connect(tenant: str) -> str:
    """Sign in to the right tenant first."""
    scopes = "AppRoleAssignment.ReadWrite.All,DelegatedPermissionGrant.ReadWrite.All,Application.ReadWrite.All"
    return f"Connect-MgGraph -TenantId '{tenant}' -Scopes {scopes}" if _safe(tenant) else ""


def app_role(principal: str, assignment: str, value: str) -> str:
    """Take one application permission away."""
    if not _safe(principal, assignment):
        return ""
    return (
        f"Remove-MgServicePrincipalAppRoleAssignment -ServicePrincipalId '{principal}' "
        f"-AppRoleAssignmentId '{assignment}'{_said(value)}"
    )


def scope(grant: str, value: str, scopes: Sequence[str]) -> str:
    """Take one delegated permission out of a consent, or the consent when it holds nothing else.

    It reads what the consent holds when it is run, so that several can be run one after another.
    """
    if not _safe(grant) or not _PLAIN_WORD.fullmatch(value):
        return ""
    if list(scopes) == [value]:
        return f"Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId '{grant}'{_said(value)}"
    held = f"(Get-MgOauth2PermissionGrant -OAuth2PermissionGrantId '{grant}').Scope.Trim() -split ' +'"
    return (
        f"Update-MgOauth2PermissionGrant -OAuth2PermissionGrantId '{grant}' -Scope ((({held}) -ne '{value}') -join ' ')"
    )


def disable(principal: str) -> str:
    """Stop the integration at once; it can be taken back."""
    if not _safe(principal):
        return ""
    return f"Update-MgServicePrincipal -ServicePrincipalId '{principal}' -AccountEnabled:$false  # stops it altogether"


def azure_role(assignment: str, value: str) -> str:
    """Take one Azure role assignment away."""
    return f"az role assignment delete --ids '{assignment}'{_said(value)}" if _safe(assignment) else ""


def given(*commands: str) -> tuple[str, ...]:
    """Those that could be written safely."""
    return tuple(command for command in commands if command)
