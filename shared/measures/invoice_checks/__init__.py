"""Checks of a recurring invoice, a topic a file: each answers why it must not go out; what is missing is ``facts_missing``."""
