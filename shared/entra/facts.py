"""From Microsoft's pages to integrations: joined by ids, Microsoft's own counted apart, nothing counted twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.entra import revoke
from shared.entra.catalogue import GRAPH_APP_ID, Catalogue, catalogue, tier_of
from shared.entra.doubts import Doubts, strange_kinds
from shared.entra.reading import Reading
from shared.entra.records import (
    Application,
    Consent,
    Principal,
    RoleAssignment,
    parsed,
)
from shared.entra.standing import credentials, owners, since, verified
from shared.entra.use import SignIns, Usage, later
from shared.measures.access_facts import Integration, Inventory, Permission, Unreadable, plain_name
from shared.model import JsonObject

_MICROSOFT = frozenset(
    {
        "f8cdef31-a31e-4b4a-93e4-5f571e91255a",  # Microsoft Services
        "72f988bf-86f1-41af-91ab-2d7cd011db47",  # Microsoft's own tenant
        "cdc5aeea-15c5-4db6-b079-fcadd2505dc2",  # owns two more on the list of Microsoft's applications
    }
)
_SEVERAL_TENANTS = frozenset({"azureadmultipleorgs", "azureadandpersonalmicrosoftaccount"})
_GRAPH = "Microsoft Graph"
_NEED = ("servicePrincipals", "applications", "appRoleAssignments", "oauth2PermissionGrants")


def entra(reading: Reading) -> Inventory:
    """All integrations of all tenants."""
    known = catalogue()
    parts = [_Tenant(tenant, reading, known).inventory() for tenant in sorted(reading.tenants())]
    return Inventory(
        source="entra",
        integrations=tuple(one for part in parts for one in part.integrations),
        microsoft=sum(part.microsoft for part in parts),
        unreadable=tuple(one for part in parts for one in part.unreadable),
        complete=frozenset().union(*(part.complete for part in parts)),
        gaps=(*reading.gaps(), *(gap for part in parts for gap in part.gaps)),
    )


class _Tenant:
    """One tenant's rows, indexed once."""

    def __init__(self, tenant: str, reading: Reading, known: Catalogue) -> None:
        self.tenant, self.reading, self.known = tenant, reading, known
        principals, bad = parsed(Principal, self._rows("servicePrincipals"))
        self.by_id = {one.id: one for one in principals}
        self.unreadable = [
            Unreadable(one.id, f"Its {one.where} cannot be read.") for one in bad if one.id not in self.by_id
        ]
        applications, self.bad_applications = parsed(Application, self._rows("applications"))
        self.applications = {one.app_id.lower(): one for one in applications}
        assignments, self.bad_assignments = parsed(RoleAssignment, self._rows("appRoleAssignments"))
        consents, self.bad_consents = parsed(Consent, self._rows("oauth2PermissionGrants"))
        self.doubts = Doubts(
            ("applications", "appId", self.bad_applications),
            ("appRoleAssignments", "principalId", self.bad_assignments),
            ("oauth2PermissionGrants", "clientId", self.bad_consents),
        )
        self.judged: dict[str, tuple[int | None, tuple[tuple[str, str], ...]]] = {}
        """Each Graph permission once, however many hold it."""
        self.names = Counter(one.display_name for one in self.by_id.values())
        self.roles = {
            one.id: {role.id: role.value or role.display_name or role.id for role in one.app_roles}
            for one in self.by_id.values()
        }
        self.assignments: defaultdict[str, list[RoleAssignment]] = defaultdict(list)
        for assignment in {one.id: one for one in assignments}.values():
            if assignment.principal_type in (None, "ServicePrincipal"):
                self.assignments[assignment.principal_id].append(assignment)
        self.consents: defaultdict[str, list[Consent]] = defaultdict(list)
        for consent in {one.id: one for one in consents}.values():
            self.consents[consent.client_id].append(consent)
        self.usage = Usage(self._whole_rows("microsoftGraphActivityLogs"), known)
        self.sign_ins = SignIns(self._whole_rows("servicePrincipalSignInActivities"))

    def _rows(self, resource: str) -> list[JsonObject]:
        return self.reading.rows.get((resource, self.tenant), [])

    def _whole_rows(self, resource: str) -> list[JsonObject]:
        """None of them when some are missing: what half a report does not show may still have happened."""
        return self._rows(resource) if self.reading.whole(resource, self.tenant) else []

    def inventory(self) -> Inventory:
        """Integrations, Microsoft's own, and what cannot be read."""
        gone = set(self.reading.gone.get(self.tenant, ()))
        unreadable = list(self.unreadable)
        integrations: list[Integration] = []
        microsoft = 0
        seen: set[str] = set()
        for principal in self.by_id.values():
            seen.add(principal.app_id.lower())
            if is_microsoft(principal, self.known, registered=principal.app_id.lower() in self.applications):
                microsoft += 1
            elif principal.id in gone:
                unreadable.append(Unreadable(principal.id, "It vanished while it was being read."))
            else:
                integrations.append(self._integration(principal))
        named = self._dangling()
        unreadable += [Unreadable(one, "Rights name it, but the directory no longer shows it.") for one in named]
        unreadable += [
            Unreadable(app, f"Its registration cannot be read ({one.where}).")
            for one in self.bad_applications
            if (app := one.names("appId")) and app.lower() not in seen and app.lower() not in self.applications
        ]
        lone = [one for one in self.applications.values() if one.app_id.lower() not in seen]
        names = {name for name in named.values() if name}
        alike = Counter(one.display_name for one in lone)
        integrations += [
            self._registration(one)
            for one in lone
            # The one registration of a vanished principal's name was counted with it; of several, none can be told.
            if one.display_name not in names or alike[one.display_name] > 1
        ]
        whole = all(self.reading.whole(resource, self.tenant) for resource in _NEED)
        readable = not (self.bad_assignments or self.bad_consents or self.unreadable)
        return Inventory(
            source="entra",
            integrations=tuple(integrations),
            microsoft=microsoft,
            unreadable=tuple(unreadable),
            complete=frozenset({self.tenant}) if whole and readable else frozenset(),
            gaps=self._broken(),
        )

    def _broken(self) -> tuple[str, ...]:
        pairs = (
            ("applications", self.bad_applications),
            ("appRoleAssignments", self.bad_assignments),
            ("oauth2PermissionGrants", self.bad_consents),
        )
        return tuple(
            f"{len(bad)} rows of {name} in tenant {self.tenant} cannot be read, the first is "
            f"{bad[0].id or 'without id'} ({bad[0].where})."
            for name, bad in pairs
            if bad
        )

    def _dangling(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if not self.reading.whole("servicePrincipals", self.tenant):
            return found  # half a list shows nothing to be missing
        for principal, assignments in self.assignments.items():
            if principal not in self.by_id:
                found[principal] = assignments[0].principal_display_name or ""
        for client in self.consents:
            if client not in self.by_id:
                found.setdefault(client, "")
        return found

    def _integration(self, principal: Principal) -> Integration:
        application = self.applications.get(principal.app_id.lower())
        permissions = self._permissions(principal)
        held = [one.value for one in permissions if one.kind == "application" and one.resource == _GRAPH]
        least, spare = self.usage.least(principal.app_id, held)
        audience = principal.sign_in_audience or (application.sign_in_audience if application else None) or ""
        several = audience.lower() in _SEVERAL_TENANTS
        foreign = bool(principal.app_owner_organization_id) and principal.app_owner_organization_id != self.tenant
        vouched = verified(principal.verified_publisher) or bool(
            application and verified(application.verified_publisher)
        )
        consents = self.consents.get(principal.id, [])
        granted = [one.created_date_time for one in self.assignments.get(principal.id, []) if one.created_date_time]
        return Integration(
            source="entra",
            tenant=self.tenant,
            id=principal.app_id,
            object_id=principal.id,
            name=plain_name(principal.display_name, principal.app_id),
            permissions=permissions,
            credentials=credentials(
                [*principal.password_credentials, *(application.password_credentials if application else [])],
                [*principal.key_credentials, *(application.key_credentials if application else [])],
            ),
            owners=owners(self.by_id, principal.owners, application.owners if application else None),
            multi_tenant=several,
            unverified=not vouched and (several or foreign) and principal.service_principal_type != "ManagedIdentity",
            consent_all=any(one.consent_type == "AllPrincipals" for one in consents),
            enabled=principal.account_enabled is not False,
            use_known=self.sign_ins.tell(principal.app_id),
            last_used=later(self.usage.last(principal.app_id), self.sign_ins.last(principal.app_id)),
            since=since(application.created_date_time if application else None, granted),
            least=least,
            removable=spare,
            commands=revoke.given(
                revoke.connect(self.tenant),
                *(command for one in permissions for command in one.commands),
                revoke.disable(principal.id),
            ),
            unknowns=(
                *self._unknowns(),
                *self.doubts.about(principal.app_id.lower(), principal.id),
                *strange_kinds(consents),
            ),
        )

    def _registration(self, application: Application) -> Integration:
        """An app registered here without a principal: no rights here, but credentials that open other tenants."""
        several = (application.sign_in_audience or "").lower() in _SEVERAL_TENANTS
        return Integration(
            source="entra",
            tenant=self.tenant,
            id=application.app_id,
            object_id=application.id,
            name=plain_name(application.display_name, application.app_id),
            credentials=credentials(application.password_credentials, application.key_credentials),
            owners=owners(self.by_id, application.owners),
            multi_tenant=several,
            unverified=several and not verified(application.verified_publisher),
            use_known=self.sign_ins.tell(application.app_id),
            last_used=later(self.usage.last(application.app_id), self.sign_ins.last(application.app_id)),
            since=application.created_date_time,
            rights_known=self.reading.whole("servicePrincipals", self.tenant),
            # Whether it has a principal with rights is told by the list of principals alone.
            unknowns=(*self._unknowns(_NEED), *self.doubts.about(application.app_id.lower())),
        )

    def _unknowns(self, needed: Sequence[str] = _NEED[1:]) -> tuple[str, ...]:
        return tuple(
            f"Its {resource} could not be read (status {self.reading.failed[resource, self.tenant]})."
            for resource in needed
            if (resource, self.tenant) in self.reading.failed
        )

    def _permissions(self, principal: Principal) -> tuple[Permission, ...]:
        found: dict[tuple[str, str, str], Permission] = {}

        def add(one: Permission, resource: str) -> None:
            key = (one.kind, one.value, resource)
            before = found.get(key)
            found[key] = one if before is None else replace(before, commands=before.commands + one.commands)

        for assignment in self.assignments.get(principal.id, []):
            graph = self._is_graph(assignment.resource_id) or (
                assignment.resource_id not in self.by_id and assignment.app_role_id.lower() in self.known.by_id
            )
            value = self.roles.get(assignment.resource_id, {}).get(assignment.app_role_id) or (
                self.known.by_id.get(assignment.app_role_id.lower(), assignment.app_role_id)
            )
            command = revoke.app_role(principal.id, assignment.id, value)
            add(
                self._judged(
                    principal.app_id,
                    "application",
                    value,
                    self._resource(assignment.resource_id, graph=graph),
                    graph=graph,
                    command=command,
                ),
                assignment.resource_id,
            )
        for consent in self.consents.get(principal.id, []):
            graph = self._is_graph(consent.resource_id or "")
            scopes = list(dict.fromkeys((consent.scope or "").split()))
            for value in scopes:
                command = revoke.scope(consent.id, value, scopes)
                add(
                    self._judged(
                        principal.app_id,
                        "delegated",
                        value,
                        self._resource(consent.resource_id or "", graph=graph),
                        graph=graph,
                        command=command,
                    ),
                    consent.resource_id or "",
                )
        return tuple(
            sorted(found.values(), key=lambda one: (-1 if one.tier is None else one.tier, one.value, one.kind))
        )

    def _judged(self, app: str, kind: str, value: str, resource: str, *, graph: bool, command: str) -> Permission:
        if graph and value not in self.judged:
            opinions = self.known.opinions(value)
            self.judged[value] = (tier_of(opinions), tuple(sorted(opinions.items())))
        tier, said = self.judged[value] if graph else (None, ())
        return Permission(
            value=value,
            kind=kind,
            tier=tier,
            opinions=said,
            used=self.usage.used(app, kind, value) if graph else None,
            logged=self.usage.logged(kind, value) if graph else True,
            resource=resource,
            commands=revoke.given(command),
        )

    def _is_graph(self, resource: str) -> bool:
        found = self.by_id.get(resource)
        return found is not None and found.app_id.lower() == GRAPH_APP_ID

    def _resource(self, resource: str, *, graph: bool) -> str:
        """The API's name; with its application id where another could be meant."""
        if graph:
            return _GRAPH
        found = self.by_id.get(resource)
        if found is None:
            return resource
        name = plain_name(found.display_name, found.app_id)
        return f"{name} ({found.app_id})" if name == _GRAPH or self.names[found.display_name] > 1 else name


def is_microsoft(principal: Principal, known: Catalogue, *, registered: bool = False) -> bool:
    """True for Microsoft's own: by the owning tenant; where none is told, by the list of its applications."""
    owner = (principal.app_owner_organization_id or "").lower()
    if owner:
        return owner in _MICROSOFT
    own = registered or principal.service_principal_type == "ManagedIdentity"
    return not own and principal.app_id.lower() in known.microsoft_apps


def names_of(reading: Reading) -> Mapping[str, Principal]:
    """Principals by object id over all tenants; for sources that only know that."""
    return {
        one.id: one
        for tenant in reading.tenants()
        for one in parsed(Principal, reading.rows.get(("servicePrincipals", tenant), []))[0]
    }
