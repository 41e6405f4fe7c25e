"""One working week of a fictional MSP, played through the real HTTP and queue path."""
