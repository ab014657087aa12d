"""The data of the course: what ships with the package, and toy sets to draw from.

Importing this module costs NumPy and no more; the files are read when a loader is called.
"""

from course_utils.data.digits import Mnist, mnist
from course_utils.data.simulated import Constituents, Jets, jet_constituents, jets, jets_path, jets_provenance
from course_utils.data.store import DataError, DataFile, shipped_files
from course_utils.data.toys import (
    blobs,
    gaussians,
    gaussians_log_likelihood_ratio,
    moons,
    rings,
    spirals,
    xor,
)

__all__ = [
    "Constituents",
    "DataError",
    "DataFile",
    "Jets",
    "Mnist",
    "blobs",
    "gaussians",
    "gaussians_log_likelihood_ratio",
    "jet_constituents",
    "jets",
    "jets_path",
    "jets_provenance",
    "mnist",
    "moons",
    "rings",
    "shipped_files",
    "spirals",
    "xor",
]
