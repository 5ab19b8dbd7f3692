"""The worker's entry: `python -I -m assistant.models.worker`. See `lines.py` for what it reads and writes."""

from __future__ import annotations

import sys

from assistant.models.worker.serve import main

if __name__ == "__main__":
    sys.exit(main())
