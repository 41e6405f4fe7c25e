"""Runs one command for as long as the process that holds the other end of our stdin lives.

The operating system closes that end however its holder dies, SIGKILL included, so nothing is ever left running.
Only the standard library, and started with ``-I -S``, so that it costs a few milliseconds.
"""

import os
import signal
import subprocess
import sys
import threading

_GRACE_SECONDS = 4


def main(command: list[str]) -> int:
    """Start the command, wait for it or for the end of stdin, and answer its exit code."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as fault:
        print(f"{command[0]} cannot be run: {fault.strerror}.", file=sys.stderr)
        return 127
    # Signals for a whole terminal or group must not end this process before its command has ended.
    # Set only now: what is ignored here would be ignored by the command, too.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    def stop(*_: object) -> None:
        if child.poll() is None:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, lambda *_: child.kill())

    def hold() -> None:
        while os.read(0, 4096):
            pass
        stop()
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)

    threading.Thread(target=hold, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
