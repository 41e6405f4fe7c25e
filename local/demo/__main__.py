"""``python -m local.demo``. Ctrl-C says a sentence even while the program is still being read."""

import sys

try:
    from local.demo.play import main

    code = main()
except KeyboardInterrupt:
    print("\nStopped; nothing is left running.", flush=True)
    code = 130
sys.exit(code)
