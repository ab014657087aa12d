"""What decides about every jet of a file: class, seed, window in pt, detector. Light: no simulation is imported."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Self

from course_utils.names import unknown_name
from course_utils.physics.branches import CLASSES

VERSION = 1
"""Goes up when a change of the code changes the jets; it is part of every seed."""

MAX_PYTHIA_SEED = 900_000_000
EVENTS_PER_SHARD = 10**6
SHARDS_PER_CLASS = 10**6


class JetError(Exception):
    """Jets cannot be made, written or read: one line that says what to do."""

    def _render_traceback_(self) -> list[str]:
        """In a notebook, show the line alone."""
        return [f"{type(self).__name__}: {self}"]


@dataclass(frozen=True)
class Recipe:
    """All that the jets of one class depend on; jets of the same recipe are the same, value for value.

    `pt_min` and `pt_max` are in GeV. `smear` puts a simple detector between particles and jets.
    """

    jet_class: str
    seed: int = 1
    pt_min: float = 500.0
    pt_max: float = 700.0
    smear: bool = False
    jets_per_shard: int = 500

    def __post_init__(self) -> None:
        if self.jet_class not in CLASSES:
            raise JetError(unknown_name("class", self.jet_class, CLASSES))
        if not 20 <= self.pt_min < self.pt_max:
            raise JetError(
                f"A window from {self.pt_min:g} to {self.pt_max:g} GeV holds no jets: "
                "choose 20 ≤ --pt-min < --pt-max, such as 500 and 700."
            )
        if self.jets_per_shard < 1:
            raise JetError(f"A shard of {self.jets_per_shard} jets is none: choose at least 1.")

    @property
    def label(self) -> int:
        """The number of the class in `CLASSES`."""
        return CLASSES.index(self.jet_class)

    def shards(self, n: int) -> list[int]:
        """How many jets each shard holds if there are `n` in all.

        >>> Recipe("W").shards(1200)
        [500, 500, 200]
        """
        whole, rest = divmod(n, self.jets_per_shard)
        return [self.jets_per_shard] * whole + [rest] * (rest > 0)

    def random_seed(self, shard: int) -> int:
        """The seed of Pythia for a shard, 1 to 900 000 000: no two recipes or shards are likely to share it.

        >>> Recipe("W", seed=7).random_seed(0), Recipe("W", seed=7).random_seed(1)
        (703806783, 667034199)
        """
        text = f"{VERSION}/{self.jet_class}/{self.seed}/{shard}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % MAX_PYTHIA_SEED + 1

    def first_event(self, shard: int) -> int:
        """The number of the first event of a shard.

        >>> Recipe("W").first_event(3)
        2000003000000
        """
        return (self.label * SHARDS_PER_CLASS + shard) * EVENTS_PER_SHARD

    def as_dict(self) -> dict[str, object]:
        """The recipe for JSON, with the version of the code."""
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, fields: dict[str, object]) -> Self:
        """The recipe that `as_dict` wrote."""
        return cls(**{name: value for name, value in fields.items() if name != "version"})
