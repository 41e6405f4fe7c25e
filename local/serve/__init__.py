"""``make serve``: the whole stack until Ctrl-C."""
