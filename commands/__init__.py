"""From a shell: what an administrator starts by hand. Each parses, calls and prints."""
