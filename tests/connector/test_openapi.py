"""The API's documents say what is served, in forms their readers accept."""

from __future__ import annotations

import json
import re

import pytest

from shared.connector.openapi import connector_20, openapi_31
from shared.connector.operations import OPERATIONS, TRIGGERS
from shared.model import Role

CONNECTOR = connector_20("example.azurewebsites.net", "https")


def operations(document):
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete")
    ]


def test_operation_ids_and_routes_are_unique():
    """One operation, one name, one place."""
    assert len({one.id for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path.replace("{quarter}", "{id}")) for one in OPERATIONS}) == len(OPERATIONS)


def test_every_path_parameter_is_declared_in_both_documents():
    """A template without its parameter is refused on import."""
    for document in (openapi_31(), CONNECTOR):
        for path, _, operation in operations(document):
            declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path)), path


def test_the_connector_is_small_and_openapi_20():
    """Power Automate takes OpenAPI 2.0 of less than 1 MB and nothing newer."""
    text = json.dumps(CONNECTOR)
    assert CONNECTOR["swagger"] == "2.0"
    assert len(text) < 1_000_000
    assert not any(word in text for word in ('"anyOf"', '"$defs"', '"const"', '"nullable"', '"oneOf"'))


def test_every_connector_operation_can_be_chosen_in_the_designer():
    """Summary, and a title for each parameter and property."""
    for path, method, operation in operations(CONNECTOR):
        assert operation["summary"], (path, method)
        for parameter in operation.get("parameters", []):
            if parameter["in"] != "body":
                assert parameter["x-ms-summary"], (path, parameter["name"])


def test_five_triggers_with_one_internal_callback_and_their_content():
    """Each posts one callback address that nobody types in, and says what will be posted to it."""
    for identity, event, _ in TRIGGERS:
        path = CONNECTOR["paths"][f"/api/subscriptions/{event}"]
        body = path["post"]["parameters"][0]["schema"]["properties"]
        callbacks = [one for one in body.values() if one.get("x-ms-notification-url")]
        assert path["post"]["operationId"] == identity
        assert path["post"]["x-ms-trigger"] == "single"
        assert [one["x-ms-visibility"] for one in callbacks] == ["internal"]
        assert "201" in path["post"]["responses"]
        assert path["x-ms-notification-content"]["schema"]["properties"]


def test_sign_in_is_oauth2_against_entra():
    """Access code flow to login.microsoftonline.com."""
    scheme = CONNECTOR["securityDefinitions"]["oauth2"]
    assert (scheme["type"], scheme["flow"]) == ("oauth2", "accessCode")
    assert scheme["authorizationUrl"].startswith("https://login.microsoftonline.com/")


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.OPERATOR, Role.AUTOMATION])
def test_who_never_approves_nor_attests(role):
    """Readers, auditors, operators and flows are in no approval or attestation."""
    for one in OPERATIONS:
        if one.id in ("decideApproval", "attestItem", "putPolicy", "putBaseline"):
            assert one.roles is not None
            assert role not in one.roles, one.id


def test_a_reader_changes_nothing():
    """Every operation a Reader may call is a GET."""
    assert {one.method for one in OPERATIONS if one.roles and Role.READER in one.roles} == {"GET"}


def test_an_auditor_writes_only_packs_comments_and_requests():
    """Nothing else."""
    assert {one.id for one in OPERATIONS if one.method != "GET" and one.roles and Role.AUDITOR in one.roles} == {
        "createPack",
        "giveFeedback",
        "requestOverride",
        "requestException",
    }


def test_every_role_reads_records_and_only_three_read_what_is_in_them():
    """Evidence records are for all; content, proofs and packs for auditors, steering members and administrators."""
    by_id = {one.id: one.roles for one in OPERATIONS}
    three = {Role.AUDITOR, Role.STEERING_MEMBER, Role.ADMINISTRATOR}
    assert all(by_id[identity] == set(Role) for identity in ("listEvidence", "getEvidence"))
    assert all(by_id[one] == three for one in ("getEvidenceContent", "getEvidenceProof", "getPack", "downloadPack"))


def test_a_flow_writes_only_requests_decisions_backlog_and_subscriptions():
    """Nothing else."""
    assert {one.id for one in OPERATIONS if one.method != "GET" and one.roles and Role.AUTOMATION in one.roles} == {
        "addBacklog",
        "addDecision",
        "requestException",
        "requestOverride",
        "subscribe",
        "subscribeToEvent",
        "unsubscribe",
    }


def test_public_operations_are_named():
    """Only these answer without a token; the intake has credentials of its own."""
    assert {one.id for one in OPERATIONS if one.roles is None} == {
        "receiveDeliveries",
        "getHealth",
        "getOpenapi",
        "getConnector",
    }
