"""A stand-in for the Azure Functions host on one machine: HTTP routes, queues, timers, keys and the admin door."""
