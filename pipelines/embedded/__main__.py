"""Makes ``python -m pipelines.embedded`` work."""

import sys

from pipelines.embedded import interrupts

if __name__ == "__main__":
    interrupts.held.listen()
    try:
        from pipelines.embedded.main import main

        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(interrupts.EXIT_CODE)
