"""``python -m local.serve``. Ctrl-C says a sentence even while the program is still being read."""

import sys

try:
    from local.serve.stay import main

    code = main()
except KeyboardInterrupt:
    print("\nStopped.", flush=True)
    code = 0
sys.exit(code)
