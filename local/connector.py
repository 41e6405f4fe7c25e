"""``python -m local.connector``: write the Power Automate connector's files from the table of operations."""

from __future__ import annotations

import json
from pathlib import Path

from shared.connector.openapi import connector_20

HOST = "halo-attest.example.com"
"""Replaced by the deployment's own host when the connector is imported."""
FOLDER = Path(__file__).resolve().parents[1] / "infra" / "connector"


def definition() -> str:
    """The OpenAPI 2.0 document as the file holds it."""
    return json.dumps(connector_20(HOST, "https"), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def properties() -> str:
    """Connection parameters: OAuth2 against Entra, the client's own id and secret given on import."""
    return (
        json.dumps(
            {
                "properties": {
                    "connectionParameters": {
                        "token": {
                            "type": "oauthSetting",
                            "oAuthSettings": {
                                "identityProvider": "aad",
                                "clientId": "00000000-0000-0000-0000-000000000000",
                                "scopes": ["user_impersonation"],
                                "redirectMode": "GlobalPerConnector",
                                "customParameters": {
                                    "loginUri": {"value": "https://login.microsoftonline.com"},
                                    "tenantId": {"value": "common"},
                                    "resourceUri": {"value": "api://halo-attest"},
                                },
                            },
                        }
                    },
                    "iconBrandColor": "#14506B",
                    "capabilities": [],
                }
            },
            indent=1,
        )
        + "\n"
    )


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "apiDefinition.swagger.json").write_text(definition(), encoding="utf-8")
    (FOLDER / "apiProperties.json").write_text(properties(), encoding="utf-8")
    print(f"Wrote {FOLDER.name}/apiDefinition.swagger.json and apiProperties.json.")


if __name__ == "__main__":
    main()
