"""How Microsoft spells it: Graph client, permission catalogue, records, facts."""
