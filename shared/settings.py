"""The only reader of the environment. Missing settings are named all at once; secrets do not print."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from shared.errors import Misconfigured


class Group(StrEnum):
    """Deployment groups; ``all`` only on one machine."""

    ALL = "all"
    INTAKE = "intake"
    ENGINE = "engine"
    DESK = "desk"
    REVIEW = "review"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that never prints."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "********"


@dataclass(frozen=True, slots=True)
class WebhookSource:
    """Credentials and limits of one HaloPSA tenant that may ring us."""

    user: str
    password: Secret
    webhook_ids: frozenset[str] = frozenset()
    """Allow-list; empty allows any."""
    path_secret: Secret | None = None
    """When set, the caller adds ``?secret=``."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: what it is, who needs it, a sample, and the default when it may be absent."""

    name: str
    about: str
    sample: str
    default: str | None = None
    groups: frozenset[Group] = frozenset()
    """Groups that need it; empty means all."""


def _for(*groups: Group) -> frozenset[Group]:
    return frozenset(groups) | {Group.ALL}


_DESK = _for(Group.DESK)
_HALO = _for(Group.ENGINE, Group.DESK)
_SIGN = _for(Group.ENGINE)
_GRAPH = _for(Group.REVIEW)

CATALOGUE: tuple[Setting, ...] = (
    Setting("ATTEST_GROUP", "Which functions this app holds.", "all", "all"),
    Setting(
        "ATTEST_STORAGE",
        "Connection string of the evidence account; only on one machine.",
        "UseDevelopmentStorage=true",
        "",
    ),
    Setting("ATTEST_STORAGE__blobServiceUri", "Evidence account, blobs, by identity.", "", ""),
    Setting("ATTEST_STORAGE__queueServiceUri", "Evidence account, queues, by identity.", "", ""),
    Setting("ATTEST_STORAGE__tableServiceUri", "Evidence account, tables, by identity.", "", ""),
    Setting(
        "ATTEST_STORAGE_CA",
        "PEM file of the authority that vouches for the evidence account's certificate; only on one machine.",
        "",
        "",
    ),
    Setting("ATTEST_IDENTITY_CLIENT_ID", "Client id of this app's user-assigned identity.", "", ""),
    Setting(
        "ATTEST_TENANT_ID",
        "Entra tenant whose people and apps may call.",
        "00000000-0000-4000-8000-000000000001",
        groups=_DESK,
    ),
    Setting("ATTEST_AUDIENCE", "Audiences accepted in tokens, space-separated.", "api://halo-attest", groups=_DESK),
    Setting(
        "ATTEST_AUTHORITY",
        "Authority that issues tokens.",
        "http://127.0.0.1:7081",
        "https://login.microsoftonline.com",
    ),
    Setting("ATTEST_EASYAUTH", "on where App Service authentication guards this app.", "off", "off"),
    Setting("ATTEST_PUBLIC_URL", "Where people reach the portal.", "http://127.0.0.1:7071", "http://127.0.0.1:7071"),
    Setting(
        "ATTEST_LEDGER_ORIGIN", "Origin under which logs are named; never changed later.", "evidence.local/halo-attest"
    ),
    Setting("ATTEST_LEDGER_SALT", "Secret that makes log ids opaque; never changed later.", "local-only-salt"),
    Setting(
        "ATTEST_ANCHOR",
        "Azure resource id of the write-once container that checkpoints must lie in.",
        "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/local/providers/Microsoft.Storage"
        "/storageAccounts/devstoreaccount1/blobServices/default/containers/checkpoints",
        "",
    ),
    Setting("ATTEST_ANCHOR_DAYS", "Days its policy must protect a checkpoint at least.", "1", "2557"),
    Setting("ATTEST_ANCHOR_LOCKED", "false only outside production, where it proves nothing.", "false", "true"),
    Setting("ATTEST_INCARNATION", "Raised by one after a restore of the evidence account.", "1", "1"),
    Setting(
        "ATTEST_SIGNING_KEY",
        "Key Vault key URL, or file: and a path on one machine.",
        "file:.local/signing-key.pem",
        groups=_SIGN,
    ),
    Setting(
        "ATTEST_WEBHOOK_SOURCES",
        "JSON: source to user, password, webhook_ids, path_secret.",
        '{"main":{"user":"halopsa","password":"local-only"}}',
        groups=_for(Group.INTAKE),
    ),
    Setting("ATTEST_POLICY_FILE", "TOML merged over the shipped policy at start; only on one machine.", "", ""),
    Setting("HALO_URL", "HaloPSA's address, without /api.", "http://127.0.0.1:7080", groups=_HALO),
    Setting("HALO_CLIENT_ID", "API application's client id.", "attest", groups=_HALO),
    Setting("HALO_CLIENT_SECRET", "API application's secret.", "local-only", groups=_HALO),
    Setting("HALO_TENANT", "Tenant name where the hosting needs it.", "", ""),
    Setting("HALO_SCOPE", "Scopes asked for, space-separated.", "all", "all"),
    Setting("HALO_BUDGET_REQUESTS", "Requests we allow ourselves per window; 0 for no limit.", "0", "300"),
    Setting("HALO_BUDGET_SECONDS", "Length of that window in seconds.", "300", "300"),
    Setting(
        "GRAPH_URL",
        "Microsoft Graph's address, without version.",
        "http://127.0.0.1:7081/graph",
        "https://graph.microsoft.com",
    ),
    Setting(
        "ARM_URL", "Azure Resource Manager's address.", "http://127.0.0.1:7081/arm", "https://management.azure.com"
    ),
    Setting(
        "ARM_SCOPE",
        "Scope whose role assignments are reviewed.",
        "/subscriptions/00000000-0000-4000-8000-0000000000aa",
        "",
        _GRAPH,
    ),
    Setting(
        "LOGS_URL", "Log Analytics' query address.", "http://127.0.0.1:7081/logs", "https://api.loganalytics.azure.com"
    ),
    Setting("LOGS_WORKSPACE", "Workspace with MicrosoftGraphActivityLogs; empty when there is none.", "local", ""),
    Setting(
        "GRAPH_CLIENT_ID",
        "App registration used in customers' tenants by federated credential; empty for our own identity.",
        "",
        "",
    ),
    Setting(
        "GRAPH_TENANTS",
        "Tenants whose integrations are reviewed, space-separated.",
        "00000000-0000-4000-8000-000000000001",
        "",
        _GRAPH,
    ),
    Setting("TEAMS_CHANNELS", "JSON: channel name to its Workflows URL (a secret).", "{}", "{}"),
    Setting(
        "SHAREPOINT_SITE", "Site id for the whole weekly report; empty for none. Practices' sites are policy.", "", ""
    ),
    Setting("ATTEST_SCHEDULE_SYNC", "NCRONTAB, UTC.", "0 */15 * * * *", "0 */15 * * * *"),
    Setting("ATTEST_SCHEDULE_DAILY", "NCRONTAB, UTC.", "0 30 4 * * *", "0 30 4 * * *"),
    Setting("ATTEST_SCHEDULE_SEAL", "NCRONTAB, UTC.", "30 * * * * *", "30 * * * * *"),
    Setting("ATTEST_SCHEDULE_WEEKLY", "NCRONTAB, UTC.", "0 0 6 * * 1", "0 0 6 * * 1"),
    Setting("ATTEST_SCHEDULE_MONTHLY", "NCRONTAB, UTC.", "0 0 5 1 * *", "0 0 5 1 * *"),
    Setting("ATTEST_SCHEDULE_QUARTERLY", "NCRONTAB, UTC.", "0 0 5 1 1,4,7,10 *", "0 0 5 1 1,4,7,10 *"),
    Setting("ATTEST_SCHEDULE_AUDIT", "NCRONTAB, UTC.", "0 15 * * * *", "0 15 * * * *"),
)


_REFERENCE = "@Microsoft.KeyVault("


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one process. Build with from_environ, or by hand in tests."""

    values: Mapping[str, str] = field(repr=False)
    group: Group = Group.ALL

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read and check everything this group needs. Raises Misconfigured naming all that is missing or wrong."""
        faults: list[str] = []
        try:
            group = Group(environ.get("ATTEST_GROUP", "all"))
        except ValueError:
            raise Misconfigured(
                f"ATTEST_GROUP is {environ['ATTEST_GROUP']!r}; it must be one of {', '.join(Group)}.",
                code="settings_invalid",
            ) from None
        values: dict[str, str] = {}
        for setting in CATALOGUE:
            needed = not setting.groups or group in setting.groups
            value = environ.get(setting.name, "").strip() or setting.default
            if value is None:
                if needed:
                    faults.append(f"{setting.name} is missing ({setting.about})")
                continue
            if value.startswith(_REFERENCE):
                # App Service leaves the reference itself where it may not read the secret; no setting of ours is one.
                faults.append(f"{setting.name} is a Key Vault reference that could not be followed")
            values[setting.name] = value
        if not values.get("ATTEST_STORAGE") and not values.get("ATTEST_STORAGE__tableServiceUri"):
            faults.append(
                "ATTEST_STORAGE__blobServiceUri, __queueServiceUri and __tableServiceUri are missing "
                "(or ATTEST_STORAGE on one machine)"
            )
        settings = cls(values, group)
        for check in (settings.webhook_sources, settings.teams_channels, settings.halo_budget, settings.anchor_days):
            try:
                check()
            except Misconfigured as fault:
                faults.append(fault.message.rstrip("."))
        if faults:
            raise Misconfigured("The settings cannot be used: " + "; ".join(faults) + ".", code="settings_missing")
        return settings

    @classmethod
    def some(cls, environ: Mapping[str, str], names: Sequence[str]) -> Settings:
        """Only these, for a person at a shell who needs no more. Raises Misconfigured naming all that is missing."""
        wanted = [setting for setting in CATALOGUE if setting.name in names]
        given = {setting.name: environ.get(setting.name, "").strip() or setting.default for setting in wanted}
        missing = [f"{setting.name} ({setting.about})" for setting in wanted if given[setting.name] is None]
        if missing:
            raise Misconfigured(f"These settings are missing: {'; '.join(missing)}.", code="settings_missing")
        return cls({name: value for name, value in given.items() if value is not None})

    def text(self, name: str) -> str:
        """A value as text; Misconfigured when this group has none."""
        try:
            return self.values[name]
        except KeyError:
            raise Misconfigured(f"{name} is missing.", code="settings_missing") from None

    def secret(self, name: str) -> Secret:
        """A value that does not print."""
        return Secret(self.text(name))

    def words(self, name: str) -> tuple[str, ...]:
        """A space-separated list."""
        return tuple(self.text(name).split())

    def webhook_sources(self) -> dict[str, WebhookSource]:
        """Sources by name; Misconfigured when the JSON is not of the form."""
        raw = self.values.get("ATTEST_WEBHOOK_SOURCES", "{}")
        try:
            return {
                name: WebhookSource(
                    user=str(row["user"]),
                    password=Secret(str(row["password"])),
                    webhook_ids=frozenset(map(str, row.get("webhook_ids", ()))),
                    path_secret=Secret(str(row["path_secret"])) if row.get("path_secret") else None,
                )
                for name, row in json.loads(raw).items()
            }
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Misconfigured(
                'ATTEST_WEBHOOK_SOURCES must be JSON like {"main":{"user":"…","password":"…"}}.',
                code="settings_invalid",
            ) from None

    def teams_channels(self) -> dict[str, Secret]:
        """Workflows URLs by channel."""
        try:
            return {
                str(name): Secret(str(url)) for name, url in json.loads(self.values.get("TEAMS_CHANNELS", "{}")).items()
            }
        except (ValueError, AttributeError):
            raise Misconfigured(
                'TEAMS_CHANNELS must be JSON like {"msp":"https://…"}.', code="settings_invalid"
            ) from None

    def anchor_days(self) -> int:
        """How long the anchor's policy must protect a checkpoint."""
        text = self.values["ATTEST_ANCHOR_DAYS"]
        if not (text.isascii() and text.isdigit()):
            raise Misconfigured("ATTEST_ANCHOR_DAYS must be a whole number.", code="settings_invalid")
        return int(text)

    def halo_budget(self) -> tuple[int, int]:
        """(requests, seconds); requests 0 means no limit of ours."""
        try:
            return int(self.values["HALO_BUDGET_REQUESTS"]), int(self.values["HALO_BUDGET_SECONDS"])
        except ValueError:
            raise Misconfigured(
                "HALO_BUDGET_REQUESTS and HALO_BUDGET_SECONDS must be whole numbers.", code="settings_invalid"
            ) from None
