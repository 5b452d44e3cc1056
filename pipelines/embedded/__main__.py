"""Makes ``python -m pipelines.embedded`` work."""

import sys

from pipelines.embedded.main import main

sys.exit(main())
