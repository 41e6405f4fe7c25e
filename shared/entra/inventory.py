"""Microsoft's side of a permission review: what to read, and the inventories made of it."""

from shared.entra.azure import azure, this_service
from shared.entra.facts import entra
from shared.entra.reading import RESOURCES, Reading, new_reading

__all__ = ["RESOURCES", "Reading", "azure", "entra", "new_reading", "this_service"]
