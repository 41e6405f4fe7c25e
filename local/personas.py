"""The people of the fictional MSP, for trying the service and for the demo: who they are and what they may do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """One person, as ``/dev/token`` takes her."""

    oid: str
    name: str
    roles: tuple[str, ...]
    practices: tuple[str, ...] | None = None
    customers: tuple[str, ...] | None = None

    def token_request(self) -> dict[str, object]:
        """The body of ``POST /dev/token``; what is left out narrows nothing."""
        body: dict[str, object] = {"oid": self.oid, "name": self.name, "roles": list(self.roles)}
        if self.practices is not None:
            body["practices"] = list(self.practices)
        if self.customers is not None:
            body["customers"] = list(self.customers)
        return body


def _oid(number: int) -> str:
    return f"00000000-0000-4000-8000-0000000010{number:02d}"


PERSONAS: dict[str, Persona] = {
    "nora": Persona(_oid(1), "Nora Fictive", ("Administrator",)),
    "omar": Persona(_oid(2), "Omar Invented", ("Operator",)),
    "mia": Persona(_oid(3), "Mia Pretend", ("PracticeManager",), practices=("msp",)),
    "sam": Persona(_oid(4), "Sam Supposed", ("PracticeManager",), practices=("mssp",)),
    "paula": Persona(_oid(5), "Paula Imagined", ("PracticeManager",), practices=("ps",)),
    "dev": Persona(_oid(6), "Dev Makebelieve", ("DeliveryManager",)),
    "sally": Persona(_oid(7), "Sally Storybook", ("SalesManager",)),
    "finn": Persona(_oid(8), "Finn Ledgerless", ("Finance",)),
    "fay": Persona(_oid(9), "Fay Figment", ("Finance",)),
    "ian": Persona(_oid(10), "Ian Nowhere", ("IncidentCommander",)),
    "iris": Persona(_oid(11), "Iris Unreal", ("IntegrationOwner",)),
    "steve": Persona(_oid(12), "Steve Steering", ("SteeringMember",)),
    "ada": Persona(_oid(13), "Ada Auditrix", ("Auditor",)),
    "rae": Persona(_oid(14), "Rae Reader", ("Reader",)),
    "flow": Persona(_oid(15), "Power Automate (fictional flow)", ("Automation",)),
}
