"""The pictures that stand in the place of the playgrounds: one for each state in the book, none out of date."""

import copy
import re
import shutil
from pathlib import Path

import matplotlib as mpl
import pytest

from course_utils.authoring import AuthoringError
from course_utils.playground import twins
from course_utils.playground.directive import EPOCHS, twin_of
from tests.conftest import missing

mpl.use("Agg")

ROOT = Path(__file__).parents[2]
STATES = sorted(twins.states(ROOT))
REMEDY = "run `make playground` and commit the result"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained():
    """What Node makes of the states of the book, and of three that differ."""
    if shutil.which("node") is None:
        missing("Node", "apt install nodejs")
    return twins.train(
        ROOT, {*STATES, "epochs=3", "act=sigmoid&loss=squared_error&hidden=none", "data=jets&loss=cross_entropy"}
    )


def test_every_playground_of_the_book_has_a_twin_and_every_twin_a_playground():
    folder = (ROOT / twin_of("")).parent
    assert "" in STATES, "the page of the playground opens with the default"
    assert len(STATES) >= 5
    assert {path.relative_to(ROOT) for path in folder.iterdir()} == {twin_of(state) for state in STATES}, REMEDY


@pytest.mark.parametrize("state", STATES)
def test_the_twin_is_up_to_date(trained, state):
    alt, numbers = twins.read(ROOT / twin_of(state))
    assert numbers == pytest.approx(twins.numbers(trained[state]), rel=1e-6), REMEDY
    assert alt == twins.alt(trained[state]), REMEDY


def test_another_weight_would_be_another_twin(trained):
    before, other = trained[""], copy.deepcopy(trained[""])
    other["weights"][1][2][0] += 1e-3
    assert twins.numbers(other) != pytest.approx(twins.numbers(before), rel=1e-6)


def test_a_state_shows_its_own_epochs_and_an_untrained_one_a_hundred(trained):
    assert [twins.numbers(trained[state])["epochs"] for state in ("", "epochs=3")] == [EPOCHS, 3]


def test_the_alt_text_tells_what_has_been_learned(trained):
    last = trained["epochs=3"]["history"][3]
    assert twins.alt(trained["epochs=3"]).startswith(
        "After 3 epochs a network of 2, 4, 2 and 1 neurons with tanh answers "
        f"{100 * last['testAccuracy']:.0f}% of the test points right (XOR). Its test loss went from "
    )


def test_a_twin_is_drawn_and_carries_what_it_shows(trained, tmp_path):
    for state, answer in trained.items():
        fig = twins.figure(answer)
        _, plane, losses = fig.axes
        assert (plane.get_xlabel(), plane.get_ylabel()) == tuple(answer["axes"])
        assert len(losses.lines[0].get_ydata()) == len(answer["history"])
        path = tmp_path / "twin.png"
        twins.save(fig, path, state, answer)
        alt, numbers = twins.read(path)
        assert alt == twins.alt(answer)
        assert numbers == pytest.approx(twins.numbers(answer))


def test_a_page_says_its_state_in_either_fence_and_with_options(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/page.md").write_text(
        "Text.\n\n```{playground} data=xor&hidden=2\n```\n\n:::{playground}\n:address:\n:::\n\n`{playground} seed=5`.\n"
    )
    assert twins.states(tmp_path) == {"data=xor&hidden=2", ""}


def test_files_of_different_states_have_different_names():
    names = [twin_of(state).name for state in [*STATES, "hidden=4,2", "hidden=4", "lr=0.1", "lr=0.01"]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9._-]+\.png", name) for name in names)


def test_a_wrong_state_in_a_page_is_named(trained):
    with pytest.raises(AuthoringError, match=r"put these states .* right.*act=rleu is ignored: expected one of"):
        twins.train(ROOT, ["act=rleu"])


def test_a_state_that_diverges_has_no_twin(trained):
    with pytest.raises(AuthoringError, match="the steps are too long"):
        twins.train(ROOT, ["data=gaussians&act=identity&hidden=8,8,8&lr=1000"])
