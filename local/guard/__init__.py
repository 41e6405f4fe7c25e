"""Azure's role-based access before Azurite, which knows none: who asks, what that needs, whether a role gives it."""
