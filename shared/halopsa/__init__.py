"""How does HaloPSA spell it? Nobody else knows a HaloPSA field, path or status number."""
