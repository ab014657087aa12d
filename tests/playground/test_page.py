"""The playground as a reader meets it in the built book."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from course_utils.nn import layers, losses, optimizers
from tests.conftest import HTML, SIZES

HOME = "book/appendix/playground"
BOOK = HTML.parents[1] / "book"
CHAPTERS = [
    f"book/{path.relative_to(BOOK).with_suffix('')}"
    for path in sorted(BOOK.glob("*/*.ipynb"))
    if "{playground} " in path.read_text(encoding="utf-8")
]
STEPS = 50

pytestmark = pytest.mark.slow


class Playground:
    """The playground of a page, once it is there."""

    def __init__(self, page):
        self.page = page
        self.all = page.locator("course-playground")
        page.wait_for_function("document.querySelector('course-playground').training")

    def find(self, selector):
        return self.all.first.locator(selector)

    def do(self, name):
        self.find(f"[data-do={name}]").click()

    def told(self, script):
        """What JavaScript says of the `playground`."""
        return self.page.evaluate(f"playground => {script}", self.all.first.element_handle())

    def trained(self, epochs):
        self.page.wait_for_function(
            "([playground, epochs]) => playground.training?.epoch === epochs",
            arg=[self.all.first.element_handle(), epochs],
        )


@pytest.fixture
def opened(visit):
    """A function that opens the page of the playground in a state; what goes wrong on it is noticed at the end."""
    visits = []

    def opened(address="", path=HOME, **options):
        visits.append(visit(path, query=address, **options))
        return Playground(visits[-1].page)

    yield opened
    for each in visits:
        assert not each.complaints
        assert not each.foreign


# ── The state in the address ────────────────────────────────────────────────────────────────────────────────


def test_every_control_changes_the_address_and_the_address_brings_it_back(opened):
    playground = opened()
    playground.find("details.more summary").click()
    values = {
        "data": "moons",
        "hidden": "3,5",
        "act": "leaky_relu",
        "opt": "adamw",
        "decay": "0.02",
        "lr": "0.03",
        "noise": "0.2",
        "n": "300",
        "train": "0.4",
        "init": "he",
        "dropout": "0.1",
        "l1": "0.001",
        "l2": "0.002",
        "loss": "cross_entropy",
        "batch": "all",
        "schedule": "step_decay",
        "factor": "0.7",
        "every": "5",
        "epochs": "2",
        "seed": "7",
    }
    for name, value in values.items():
        control = playground.find(f"[name={name}]")
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
            control.press("Enter")
        assert f"{name}={value}" in playground.page.url.split("?")[1].split("&")
    playground.find("[name=features][value=xy]").check()
    assert "features=x,y,xy" in playground.page.url
    fields = playground.find("form [name]:visible").evaluate_all("all => all.map(control => control.name)")
    assert set(fields) == {*values, "features"}, "a control that this test has forgotten"
    playground.trained(2)
    state, weights = playground.told("playground.state"), playground.told("[...playground.training.network.weights]")
    assert playground.find(".link").get_attribute("href").split("?")[1] == playground.page.url.split("?")[1]

    playground.page.reload()
    again = Playground(playground.page)
    again.trained(2)
    assert again.told("playground.state") == state
    assert again.told("[...playground.training.network.weights]") == weights


def test_a_wrong_state_is_named_and_the_rest_is_kept(opened):
    playground = opened("data=moons&act=rleu&colour=red")
    warning = playground.find(".warning").inner_text()
    assert "act=rleu is ignored: expected one of identity, step" in warning
    assert "tanh is used" in warning
    assert "colour is ignored" in warning
    assert playground.told("[playground.state.data, playground.state.act]") == ["moons", "tanh"]


def test_a_wrong_value_in_a_control_changes_nothing(opened):
    playground = opened("data=moons")
    playground.find("[name=hidden]").fill("4,9")
    playground.find("[name=hidden]").press("Enter")
    assert "up to 5 numbers from 1 to 8" in playground.find(".warning").inner_text()
    assert playground.told("playground.state.hidden") == [4, 2]
    playground.find("[name=hidden]").fill(" 3, 5 ")
    playground.find("[name=hidden]").press("Enter")
    assert playground.told("playground.state.hidden") == [3, 5]
    for name in "xy":
        playground.find(f"[name=features][value={name}]").click()
    assert "Features: expected" in playground.find(".warning").inner_text()
    assert playground.told("playground.state.features") == ["y"]
    assert playground.find("[name=features][value=y]").is_checked(), "it shows what is not so"


def test_jets_that_could_not_be_read_are_named_unless_other_data_were_chosen_meanwhile(opened):
    playground = opened()
    held = []
    playground.page.route("**/jets.json", lambda route: held.append(route))
    for choice, told in [("moons", ""), (None, "The jets could not be read")]:
        playground.find("[name=data]").select_option("jets")
        while not held:
            playground.page.wait_for_timeout(20)
        if choice:
            playground.find("[name=data]").select_option(choice)
        held.pop().fulfill(body="<html>")
        playground.page.wait_for_timeout(300)
        assert playground.find(".warning").inner_text()[: len(told) or None] == told


# ── Training ────────────────────────────────────────────────────────────────────────────────────────────────


def test_diverging_says_why_and_the_smaller_rate_that_it_offers_is_taken(opened):
    playground = opened("data=gaussians&act=identity&hidden=8,8,8&lr=1000")
    offer = playground.find("[data-do=slower]")
    assert not offer.is_visible()
    playground.do("epoch")
    assert "the steps are too long and the weights ran away" in playground.find(".warning").inner_text()
    assert offer.inner_text() == "Start again with a learning rate of 100"
    epoch = playground.told("playground.training.epoch")
    playground.do("epoch")
    assert playground.told("playground.training.epoch") == epoch, "it goes on after it has diverged"
    offer.click()
    assert playground.page.evaluate("document.activeElement.dataset.do") == "play", "the focus is lost"
    assert "lr=100" in playground.page.url.split("?")[1].split("&")
    assert playground.find(".warning").inner_text() == ""
    assert not offer.is_visible()


def test_the_epochs_of_a_state_can_be_paused_and_are_not_read_out_one_by_one(opened):
    playground = opened("n=1000&batch=1&hidden=8,8,8,8,8&epochs=1000")
    live = "Array.from(playground.querySelectorAll('.status, .station'), text => text.ariaLive)"
    assert playground.find("[data-do=play]").inner_text() == "Pause"
    assert playground.told(live) == ["off", "off"]
    playground.do("play")
    assert playground.find("[data-do=play]").inner_text() == "Play"
    epoch = playground.told("playground.training.epoch")
    playground.page.wait_for_timeout(500)
    assert playground.told("playground.training.epoch") == epoch < 1000
    assert playground.told(live) == ["polite", "polite"]

    playground = opened("epochs=3")
    playground.trained(3)
    playground.page.wait_for_function("document.querySelector('[data-do=play]').textContent === 'Play'")
    assert playground.told("playground.training.epoch") == 3


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("data=xor&hidden=4,2&act=tanh&opt=adam&lr=0.03", optimizers.Adam(0.03)),
        ("data=jets&hidden=5&act=relu&opt=momentum&lr=0.05&batch=32", optimizers.Momentum(0.05)),
    ],
)
def test_fifty_steps_of_the_page_are_those_of_course_utils(opened, address, rule):
    playground = opened(address)
    X = np.array(
        playground.told("Array.from(playground.training.train.y, (_, i) => [...playground.training.train.X.row(i)])")
    )
    y = np.array(playground.told("playground.training.train.y"), dtype=float)
    state = playground.told("playground.state")
    network = layers.Network([2, *state["hidden"], 1], np.random.default_rng(0), hidden=state["act"], dtype=float)
    network.weights[:] = playground.told("[...playground.training.network.weights]")
    steps = playground.told(
        f"""Array.from({{ length: {STEPS} }}, () => {{
          const {{ training }} = playground;
          if (training.left.length === 0) training.startEpoch();
          const rows = training.left.slice(0, training.state.batch);
          return {{ rows, loss: training.step().loss }};
        }})"""
    )
    seen = []
    for step in steps:
        loss, delta = losses.binary_cross_entropy(network.forward(X[step["rows"]]), y[step["rows"], None])
        network.backward(delta)
        rule.step(network.weights, network.gradients)
        seen.append(loss)
    assert [step["loss"] for step in steps] == pytest.approx(seen, abs=1e-9)
    assert playground.told("[...playground.training.network.weights]") == pytest.approx(network.weights, abs=1e-9)


def shown(text):
    """A number as the page prints it, to within half a unit of its last digit."""
    number = text.replace("−", "-")
    digits, _, exponent = number.partition("e")
    decimals = len(digits.partition(".")[2])
    return pytest.approx(float(number), abs=0.501 * 10 ** (int(exponent or 0) - decimals))


def test_an_example_shows_the_numbers_of_backpropagation(opened):
    playground = opened("data=moons&hidden=3,2&act=sigmoid&epochs=5")
    playground.trained(5)
    network = layers.Network([2, 3, 2, 1], np.random.default_rng(0), hidden="sigmoid", dtype=float)
    network.weights[:] = playground.told("[...playground.training.network.weights]")
    playground.find("details.example summary").click()
    playground.do("next")
    x = np.array([playground.told("[...playground.points.train.X.row(1)]")])
    y = np.array([[playground.told("playground.points.train.y[1]")]], dtype=float)
    loss, delta = losses.binary_cross_entropy(network.forward(x), y)
    network.backward(delta)

    def station():
        rows = playground.find("table.numbers tbody tr").all()
        return [[shown(cell) for cell in row.locator("td").all_inner_texts()] for row in rows]

    for dense, activation in zip(network.dense, network.layers[1::2], strict=True):
        a, z = dense.X[0], (dense.X @ dense.W + dense.b)[0]
        assert [
            *(a[:, None] * dense.W).tolist(),
            dense.b.tolist(),
            z.tolist(),
            activation.forward(z[None])[0].tolist(),
        ] == (station())
        playground.do("on")
    assert f"L = {loss:#.4g}" in playground.find(".station").inner_text()
    for dense in reversed(network.dense):
        playground.do("on")
        assert [*dense.dW.tolist(), dense.db.tolist()] == station()


def test_the_jets_come_with_their_roc_curve(opened):
    playground = opened("data=jets&hidden=4&opt=adam&lr=0.03&epochs=20")
    playground.trained(20)
    told = playground.find("canvas.roc").evaluate("canvas => canvas.ariaLabel")
    p = np.array(playground.told("[...playground.training.predict(playground.training.test.X)]"))
    y = np.array(playground.told("playground.training.test.y"))
    pairs = np.sign(p[y == 1][:, None] - p[y == 0]) / 2 + 0.5  # a W above a QCD jet counts 1, a tie half
    assert float(re.search(r"area is (\d\.\d+)", told)[1]) == pytest.approx(pairs.mean(), abs=5e-4)
    assert pairs.mean() > 0.85
    assert "soft-drop mass [GeV]" in playground.find(".plane").evaluate("plane => plane.ariaLabel")
    playground.find("[name=data]").select_option("xor")
    assert not playground.find("canvas.roc").is_visible()


def test_there_is_no_roc_curve_of_one_class(opened):
    playground = opened("data=jets&n=20&train=0.9")
    assert len(set(playground.told("playground.training.test.y"))) == 1
    assert not playground.find("canvas.roc").is_visible()


def test_dead_relus_are_named(opened):
    playground = opened("data=moons&act=relu&lr=3&hidden=8,8&epochs=5")
    playground.trained(5)
    silent = playground.told("playground.training.network.silent(playground.training.train.X)")
    named = [
        f"layer {l + 1}: " + ", ".join(str(j + 1) for j, is_ in enumerate(s) if is_)
        for l, s in enumerate(silent)
        if any(s)
    ]
    assert named
    assert playground.find(".dead").inner_text() == f"Dead ReLUs, 0 for every example: {'; '.join(named)}."


# ── For everybody ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_keyboard_alone_is_enough(opened):
    playground = opened()
    keyboard = playground.page.keyboard
    controls = ":is(button, a, summary, select, input):visible"
    for summary in playground.find("summary").all():
        summary.press("Enter")
    expected = playground.find(controls).evaluate_all("all => all.map(e => e.outerHTML)")
    playground.find("[data-do=play]").focus()
    reached = set()
    for _ in range(3 * len(expected)):
        reached.add(playground.page.evaluate("document.activeElement.outerHTML"))
        keyboard.press("Tab")
    assert set(expected) <= reached

    playground.find("[data-do=play]").focus()
    keyboard.press("Space")
    assert playground.find("[data-do=play]").inner_text() == "Pause"
    playground.page.wait_for_function("document.querySelector('course-playground').training.epoch > 1")
    keyboard.press("Enter")
    assert playground.find("[data-do=play]").inner_text() == "Play"
    epoch = playground.told("playground.training.epoch")
    playground.page.wait_for_timeout(700)
    assert playground.told("playground.training.epoch") == epoch, "it trains on although it pauses"

    playground.find("[name=act]").focus()
    keyboard.type("softplus")
    assert "act=softplus" in playground.page.url
    assert playground.page.evaluate("document.activeElement.name") == "act", "the focus is lost"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing(visit, theme, size):
    state = "data=jets&act=relu&lr=0.5&hidden=8,8&epochs=3&batch=x"
    playground = Playground(visit(HOME, query=state, theme=theme, size=size).page)
    playground.trained(3)
    for summary in playground.find("summary").all():
        summary.click()
    found = Axe().run(playground.page, context="course-playground").response["violations"]
    assert not [f"{v['id']}: {v['help']}; {v['nodes'][0]['html'][:160]}" for v in found]


def test_a_phone_never_scrolls_sideways(opened):
    state = f"data=jets&hidden=8,8,8,8,8&features=x,y,x2,y2,xy,sinx,siny&opt=adamw&act={'x' * 999}"
    playground = opened(state, size="phone")
    width = "canvas => canvas.clientWidth"
    narrow = playground.find("canvas.network").evaluate(width)
    for summary in playground.find("summary").all():
        summary.click()
    playground.page.wait_for_timeout(100)
    assert playground.find("canvas.network").evaluate(width) > narrow + 150, "no place for numbers on the edges"
    assert playground.page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]


def test_the_theme_changes_the_pictures(opened):
    playground = opened("epochs=3")
    playground.trained(3)
    picture = "canvas => canvas.toDataURL()"
    names = [".network", ".surface", ".points", ".losses"]
    light = [playground.find(name).evaluate(picture) for name in names]
    playground.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    playground.page.wait_for_timeout(100)
    dark = [playground.find(name).evaluate(picture) for name in names]
    assert all(a != b for a, b in zip(light, dark, strict=True))


# ── In the chapters, and on paper ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [HOME, *CHAPTERS])
def test_without_javascript_the_twin_stands_in_its_place(browser, book_url, path):
    context = browser.new_context(java_script_enabled=False, viewport=SIZES["phone"])
    page = context.new_page()
    page.goto(f"{book_url}/{path}.html")
    twin = page.locator("course-playground img")
    assert twin.is_visible()
    assert twin.evaluate("image => image.naturalWidth") > 600
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"]["width"]
    assert re.match(r"After [13]00 epochs a network of ", twin.get_attribute("alt"))
    context.close()


@pytest.mark.parametrize("path", [HOME, *CHAPTERS])
def test_print_has_the_twin_and_the_screen_has_not(opened, path):
    playground = opened(path=path)
    twin, form = playground.find(".twin img"), playground.find("form")
    assert (twin.is_visible(), form.is_visible()) == (False, True)
    playground.page.emulate_media(media="print")
    assert (twin.is_visible(), form.is_visible()) == (True, False)


@pytest.mark.parametrize("path", CHAPTERS)
def test_the_playground_of_a_chapter_leaves_its_address_alone(opened, path):
    playground = opened(path=path)
    url, loss = playground.page.url, playground.told("playground.training.history[0].loss")
    playground.do("epoch")
    assert playground.told("playground.training.history[1].loss") < loss
    playground.find("[name=lr]").fill("0.02")
    playground.find("[name=lr]").press("Enter")
    assert playground.page.url == url
    assert playground.find(".warning").inner_text() == ""
    link = playground.find(".link").get_attribute("href")
    assert "/book/appendix/playground.html?" in link
    assert "lr=0.02" in link.split("?")[1].split("&")


def test_two_playgrounds_in_one_page_do_not_disturb_each_other(opened):
    playground = opened(path=CHAPTERS[0])
    playground.page.evaluate(
        """document.querySelector("course-playground").insertAdjacentHTML(
          "afterend", '<course-playground state="data=moons&seed=3"></course-playground>')"""
    )
    second = playground.all.nth(1)
    weights = "playground => [...playground.training.network.weights]"
    before = second.evaluate(weights)
    playground.do("epoch")
    playground.find("[name=act]").select_option("relu")
    assert second.evaluate(weights) == before
    assert second.evaluate("playground => playground.training.epoch") == 0
    assert second.locator("[name=act]").input_value() == "tanh"
    second.locator("[data-do=epoch]").click()
    assert second.evaluate("playground => playground.training.epoch") == 1
    assert playground.told("playground.training.epoch") == 0
