"""Settings for tests that fit models."""

from __future__ import annotations

import os

# Threads of OpenMP that wait actively take the cores from those that work; beside other tests on two cores, gradient
# boosting is 20 times slower with them. The library reads this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
