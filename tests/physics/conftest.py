"""A hundred jets with all their constituents, made once for the tests that need real ones."""

import pytest


@pytest.fixture(scope="session")
def jets():
    """Twenty jets of each class of the sample, with all constituents, in the order q, g, W, Z, t."""
    import awkward as ak

    from course_utils.physics.events import jets_of_shard
    from course_utils.physics.recipe import Recipe

    return ak.concatenate([jets_of_shard(Recipe(name, seed=99), shard=0, n=20, batch=15) for name in "qgWZt"])
