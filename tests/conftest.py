"""Settings that must stand before scikit-learn, SciPy and matplotlib are imported."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # without it scikit-learn skips its array API check in silence
os.environ["MPLBACKEND"] = "Agg"
