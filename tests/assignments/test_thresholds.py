"""Thresholds on trained results: the reference passes on other data, and luck alone costs nobody a point."""

import contextlib
import io
import re
import runpy
import types

import awkward as ak
import nbformat
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from course_utils import authoring, challenge, checks, data
from course_utils import evaluation as ev
from course_utils.nn.layers import Network
from course_utils.nn.losses import accuracy as share_of_right
from course_utils.nn.losses import cross_entropy
from course_utils.physics.images import jet_images, pad_jagged
from tests.assignments.grading import ROOT

STATED, SLACK = 0.91, 0.01  # accuracy in `perceptron`
WITHIN = 1.0  # GeV, in `root_to_arrays`
STATED_AUC, SLACK_AUC = 0.77, 0.01  # in `jet_images`
STATED_LOSS, SLACK_LOSS = 0.78, 0.006  # in `optimizers`
STATED_FEW, SLACK_FEW = 0.97, 0.01  # loss in `regularization`
STATED_REGRET, SLACK_REGRET = 0.1, 0.005  # in `hyperparameters`
STATED_DIGITS, SLACK_DIGITS, STATED_SECONDS, SLACK_SECONDS = 0.93, 0.01, 5, 5  # in `numpy_mnist`
MEANS, COV = [(0.0, 0.0), (1.8, 1.2)], [(1.0, -0.3), (-0.3, 0.7)]


def reference(assignment, *cells, **given):
    """What these cells of the instructor's notebook define; `given` stands for its imports."""
    nb = nbformat.read(authoring.assignments(ROOT)[assignment], as_version=4)
    sources = {cell.id: cell.source for cell in nb.cells}
    namespace = {"np": np, "data": data, "sources": sources, **given}
    for name in cells:
        exec(sources[name], namespace)
    return namespace


@pytest.fixture(scope="module")
def fit():
    """The reference's `fit` of the assignment on the perceptron."""
    defined = reference("perceptron", "sigmoid", "gradient", "fit")
    test = defined["sources"]["test_fit"]
    assert f"{STATED}, 1.0" in test
    assert f"slack={SLACK}" in test
    return defined["fit"]


def accuracy(w, b, X, y):
    return np.mean((X @ w + b > 0) == y)


def test_the_reference_passes_whatever_the_seed(fit):
    X_test, y_test = data.gaussians(20_000, np.random.default_rng(1000), MEANS, COV)
    reached = []
    for seed in range(20):
        w, b = fit(*data.gaussians(2000, np.random.default_rng(seed), MEANS, COV))
        reached.append(accuracy(w, b, X_test, y_test))
    # Three standard deviations above what is enforced: less than one false failure in a hundred.
    assert np.mean(reached) - 3 * np.std(reached) > STATED - SLACK
    assert min(reached) > STATED


def test_no_classifier_can_do_much_better_than_the_notebook_says():
    X, y = data.gaussians(400_000, np.random.default_rng(2), MEANS, COV)
    best = np.mean((data.gaussians_log_likelihood_ratio(X, MEANS, COV) > 0) == y)
    assert best == pytest.approx(0.923, abs=0.0015)


def test_the_reference_finds_the_peak_whatever_the_seed_and_the_mass():
    peak_position = reference("root_to_arrays", "peak_position")["peak_position"]
    off = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        for true in (91.2, 124.7, 148.3):
            masses = np.concatenate([rng.normal(true, 5.0, 3000), rng.exponential(45.0, 4000)])
            off.append(abs(peak_position(masses) - true))
    assert max(off) < WITHIN  # what is stated; what is enforced is wider by a half


@pytest.mark.slow
def test_the_reference_tags_well_enough_whatever_the_sample():
    defined = reference("jet_images", "load", "tagger", ak=ak, jet_images=jet_images, pad_jagged=pad_jagged)
    test = defined["sources"]["test_tagger"]
    assert f"{STATED_AUC}," in test
    assert f"slack={SLACK_AUC}" in test
    images, y = defined["images_train"], defined["y_train"]
    unseen, t = defined["w_and_qcd"](data.jet_constituents().test, data.jets().y_test)
    reached = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        train, drawn = rng.integers(0, len(y), len(y)), rng.integers(0, len(t), len(t))
        scores = defined["make_tagger"](images[train], y[train])(unseen[drawn])
        reached.append(roc_auc_score(t[drawn], scores))
    assert np.mean(reached) - 3 * np.std(reached) > STATED_AUC - SLACK_AUC


@pytest.mark.slow
def test_the_network_built_by_hand_stays_below_the_stated_bound_whatever_the_function():
    """M/n is stated in `backprop_by_hand`; what is enforced is wider by a tenth."""
    defined = reference("backprop_by_hand", "build")
    assert "goal = round(M / n, 5)" in defined["sources"]["test_build"]
    assert "slack=0.1 * goal" in defined["sources"]["test_build"]
    x = np.linspace(0, 1, 3001)
    off = []
    for seed in range(20):
        heights, phases = np.random.default_rng(seed).normal(size=(2, 4, 1))

        def f(x, heights=heights, phases=phases):
            frequencies = np.array([[1], [2], [5], [9]])
            return np.sum(heights * np.sin(frequencies * np.atleast_1d(x) + phases), axis=0)

        M = np.abs(np.diff(f(x))).max() * 3000
        for n in (2, 7, 40, 300):
            w, b, v, c = defined["build"](f, n)
            G = c + 0.5 * (1 + np.tanh((np.outer(x, w) + b) / 2)) @ v
            off.append(np.abs(f(x) - G).max() * n / M)
    assert max(off) < 0.6  # hard steps half-way between would make it 0.5


def test_the_table_of_measured_slopes_in_backprop_by_hand_is_measured():
    text = "".join(cell.source for cell in nbformat.read(authoring.assignments(ROOT)["backprop_by_hand"], 4).cells)
    rows = re.findall(r"^\| ([ABC]) \|(.+)\|$", text, flags=re.MULTILINE)
    table = {gradient: [float(number) for number in numbers.split("|")] for gradient, numbers in rows}

    rng = np.random.default_rng(7)
    X, y, w = rng.normal(size=(8, 3)), rng.normal(size=8), rng.normal(size=11)  # w: W1 (3, 2), b1, W2 (2,), b2
    decay = 0.01

    def hidden(w):
        return np.tanh(X @ w[:6].reshape(3, 2) + w[6:8])

    def loss(w):
        return 0.5 * np.mean((hidden(w) @ w[8:10] + w[10] - y) ** 2) + 0.5 * decay * w @ w

    def gradient(w, decay):
        A1 = hidden(w)
        delta2 = (A1 @ w[8:10] + w[10] - y) / len(y)
        delta1 = np.outer(delta2, w[8:10]) * (1 - A1**2)
        return np.concatenate([(X.T @ delta1).ravel(), delta1.sum(0), A1.T @ delta2, [delta2.sum()]]) + decay * w

    def difference(grad, h, low):
        measured = np.array([(loss(w + e) - loss(w + low * e)) / ((1 - low) * h) for e in h * np.eye(len(w))])
        return np.abs(grad - measured).max() / np.abs(measured).max()

    for k, h in enumerate([1e-1, 1e-3, 1e-5, 1e-11]):
        came = {
            "A": difference(gradient(w, decay), h, low=0),  # one-sided
            "B": difference(gradient(w, 0), h, low=-1),  # the weight decay is forgotten
            "C": difference(gradient(w, decay), h, low=-1),
        }
        for name, row in table.items():
            stated = row[k]
            within = 10 if came[name] < 1e-10 or (h == 1e-11 and name != "B") else 1.5  # roundoff is no fixed number
            assert stated / within < came[name] < stated * within, (name, h, came[name])
    assert list(table) == ["A", "B", "C"]


@pytest.mark.slow
def test_the_check_of_new_rows_in_data_first_fails_no_right_answer_by_chance():
    defined = reference("data_first", "setup", "smote", "test_smote")
    for seed in range(20):
        for m, N, n, k in ((24, 90, 3, 5), (30, 80, 4, 3), (26, 70, 2, 6)):
            defined["check_smote_10"](m, N, n, k, 10 * seed)


def test_the_model_answer_about_the_jets_in_data_first_is_true():
    text = reference("data_first")["sources"]["report"]
    jets = data.jets()
    X = dict(zip(jets.features, jets.X_train.T.astype(float), strict=True))
    zero = X["d2_b1"] == 0
    share = {name: np.mean(zero[jets.y_train == label]) for label, name in enumerate(jets.classes)}
    assert np.array_equal(zero, X["n_groomed"] <= 2)
    assert [name for name, x in X.items() if np.array_equal(x == 0, zero)] == [
        "c2_b1",
        "d2_b1",
        "d2_b2",
        "n2_b1",
        "m2_b1",
    ]
    assert share["t"] == 0
    stated = [
        f"{np.mean(zero):.1%}".replace("%", " % of the jets"),
        f"{share['q']:.1%}".replace("%", " % of the quark jets"),
        f"its median is {np.median(X['c1_b2']):.3f}",
        f"its first percentile {np.percentile(X['c1_b2'], 1):.6f}",
        f"a correlation of {np.corrcoef(X['tau1'], X['width'])[0, 1]:.2f}",
        f"the median of `pt` is {np.median(X['pt']):.0f}, that of `tau4` {np.median(X['tau4']):.2f}",
        f"exactly {np.bincount(jets.y_train).min()} jets",
    ]
    assert not [number for number in stated if number not in text]
    assert np.all((X["pt"] > 500) & (X["pt"] <= 700) & (np.abs(X["eta"]) <= 2) & (X["msd"] <= X["mass"]))


NETWORK = ("to_rows", "one_hot", "cross_entropy", "he_weights", "forward", "backward", "batches", "train")


@pytest.mark.slow
def test_the_reference_reads_digits_well_enough_whatever_the_seed(tmp_path, record_property):
    defined = reference("numpy_mnist", *NETWORK)
    test = defined["sources"]["test_train"]
    scoring = (authoring.assignments(ROOT)["numpy_mnist"].parent / "scoring.py").read_text()
    for judge in (test, scoring):
        assert judge.count(f"{STATED_DIGITS},") == 1
        assert judge.count(f"slack={SLACK_DIGITS},") == 1
    X_train, y_train, X_test, y_test = data.mnist()
    reached, path = [], tmp_path / challenge.FILE
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(y_train))[:30_000]
        weights = defined["train"](defined["to_rows"](X_train[rows]), y_train[rows], rng)
        challenge.save_entry(path, weights)
        reached.append(challenge.score(path, X_test, y_test).accuracy)
    record_property(
        "accuracy in numpy_mnist", f"{np.mean(reached):.4f} ± {np.std(reached):.4f}, {min(reached):.4f} least"
    )
    assert np.mean(reached) - 3 * np.std(reached) > STATED_DIGITS - SLACK_DIGITS
    assert min(reached) > STATED_DIGITS


@pytest.mark.parametrize(("seconds", "taken"), [(1, True), (4.9, True), (9.9, True), (10.1, False), (60, False)])
def test_the_budget_of_the_challenge_is_stated_stricter_than_enforced(seconds, taken):
    clock = iter([100.0, 100.0 + seconds])
    asked = {"challenge": challenge, "check_shape": checks.check_shape, "check_between": checks.check_between}
    asked["time"] = types.SimpleNamespace(process_time=lambda: next(clock))
    asked["train"] = lambda X, y, rng: {name: np.zeros(shape) for name, shape in challenge.SHAPES.items()}
    defined = reference("numpy_mnist", **asked)
    judge, _, _ = defined["sources"]["test_train"].partition("def sums_of")
    assert f'None, {STATED_SECONDS}, name="CPU seconds", slack={SLACK_SECONDS},' in " ".join(judge.split())
    exec(judge, defined)
    if taken:
        assert defined["train_in_time"](None, None, None).keys() == challenge.SHAPES.keys()
    else:
        with pytest.raises(checks.CheckFailed, match=r"(?s)CPU seconds is .*fewer epochs"):
            defined["train_in_time"](None, None, None)


@pytest.mark.slow
def test_the_reference_trains_the_jets_well_enough_whatever_the_seed(record_property):
    given = {"Network": Network, "cross_entropy": cross_entropy, "CheckFailed": checks.CheckFailed}
    defined = reference("optimizers", "gradient_descent", "momentum", "nesterov", "adam", "jets", "train", **given)
    scoring = (authoring.assignments(ROOT)["optimizers"].parent / "scoring.py").read_text()
    for judge in (defined["sources"]["test_train"], scoring):
        asked = " ".join(judge.split())
        assert asked.count(f"None, {STATED_LOSS:.2f}, name=") == 1
        assert asked.count(f"slack={SLACK_LOSS},") == 1

    def mean_losses(train):
        """Of three networks each, as the hidden test asks for; 20 times, from other starts on other mini-batches."""
        weights = [
            train(*defined["training"](defined["X_train"], defined["y_train"], 100 + seed)) for seed in range(60)
        ]
        return np.reshape([defined["loss_of"](w) for w in weights], (20, 3)).mean(axis=1)

    reached = mean_losses(defined["train"])
    record_property("loss in optimizers", f"{reached.mean():.4f} ± {reached.std():.4f}, {reached.max():.4f} most")
    assert reached.mean() + 3 * reached.std() < STATED_LOSS + SLACK_LOSS
    assert reached.max() < STATED_LOSS

    falling = 0.2 * (1 - np.arange(300) / 300)  # another rule that falls does it as well
    assert mean_losses(lambda slope, w: defined["nesterov"](slope, w, falling)[-1]).max() < STATED_LOSS + SLACK_LOSS
    constant = mean_losses(lambda slope, w: defined["adam"](slope, w, np.full(300, 0.01))[-1])
    assert abs(constant.mean() - 0.80) < 0.01  # "a good constant rate comes near 0.80"


@pytest.mark.slow
def test_the_comparison_to_judge_in_optimizers_came_out_as_stated():
    given = {"Network": Network, "cross_entropy": cross_entropy, "CheckFailed": checks.CheckFailed}
    defined = reference("optimizers", "gradient_descent", "adam", "jets", **given)
    text, X, y = "".join(defined["sources"].values()), defined["X_train"], defined["y_train"]
    assert "near 0.95 with Adam and near 1.6 without" in text
    network = Network([27, 32, 32, 5], np.random.default_rng(0))
    for rule, stated in (("adam", 0.95), ("gradient_descent", 1.6)):
        losses = []
        for seed in range(1, 9):
            network.weights[:] = defined[rule](*defined["training"](X, y, seed), np.full(150, 0.001))[-1]
            losses.append(cross_entropy(network.predict(X), y)[0])
        assert np.mean(losses) == pytest.approx(stated, abs=0.05)


@pytest.mark.slow
def test_the_check_of_the_noise_in_optimizers_fails_no_right_answer_by_chance():
    noise = reference("optimizers", "noise")["noise"]
    rng = np.random.default_rng(1)
    for scales, N, B in [([3.0, 1.0, 1.0, 0.1], 300, 1), ([3.0, 1.0, 1.0, 0.1], 300, 100), ([2.0, 0.5], 400, 9)]:
        slopes = rng.normal(size=(N, len(scales))) * scales
        expected = np.sqrt(slopes.var(axis=0).sum() / B)
        off = [noise(slopes, B, 2000, np.random.default_rng(seed)) / expected - 1 for seed in range(100)]
        assert 4 * np.std(off) < 0.075  # both checks leave a little more
        assert abs(np.mean(off)) < 0.01


def test_the_bounds_of_the_noise_shown_in_optimizers_surround_what_is_right():
    text = reference("optimizers")["sources"]["test_noise"]
    slopes = np.random.default_rng(5).normal(size=(300, 4)) * [3.0, 1.0, 1.0, 0.1] + [1.0, 2.0, -1.0, 0.0]
    bounds = re.findall(r"\((\d+), ([\d.]+), ([\d.]+)\)", text.partition("# Hidden")[0])
    for B, low, high in bounds:
        middle = (float(low) + float(high)) / 2
        assert np.sqrt(slopes.var(axis=0).sum() / int(B)) == pytest.approx(middle, rel=0.015)
    assert [B for B, _, _ in bounds] == ["1", "25", "100"]


@pytest.mark.slow
def test_the_reference_learns_from_few_jets_whatever_the_seed(record_property):
    defined = reference("regularization", "setup", "jets", "train")
    optimizers, penalties, fit = (defined[name] for name in ("optimizers", "penalties", "fit"))
    scoring = (authoring.assignments(ROOT)["regularization"].parent / "scoring.py").read_text()
    for judge in (defined["sources"]["test_train"], scoring):
        asked = " ".join(judge.split())
        assert asked.count(f"None, {STATED_FEW}, name=") == 1
        assert asked.count(f"slack={SLACK_FEW},") == 1
    half = {"visible": slice(0, None, 2), "hidden": slice(1, None, 2)}
    judges = {part: (defined["X_rest"][rows], defined["y_rest"][rows]) for part, rows in half.items()}
    judges = {part: (((X - defined["mean"]) / defined["std"]).astype(float), y) for part, (X, y) in judges.items()}

    def losses(train, n, part="hidden"):
        """Of n networks, each trained on 300 other jets."""
        X, y = judges[part]
        nets = [train(*defined["few_jets"](100 + seed), np.random.default_rng(seed)) for seed in range(n)]
        return np.array([cross_entropy(net.predict(X), y)[0] for net in nets])

    def way(penalty=None, dropout=0.0, epochs=100):
        def train(X, y, rng):
            network = Network([27, 100, 100, 5], rng, dropout=dropout)
            fit(network, X, y, rng=rng, optimizer=optimizers.Adam(0.002), penalty=penalty, epochs=epochs, batch=50)
            return network

        return train

    for part in judges:
        reached = losses(defined["train"], 60, part).reshape(20, 3).mean(axis=1)
        record_property(
            f"{part} loss in regularization", f"{reached.mean():.4f} ± {reached.std():.4f}, {reached.max():.4f} most"
        )
        assert reached.mean() + 3 * reached.std() < STATED_FEW + SLACK_FEW
        assert reached.max() < STATED_FEW
    # Other remedies do it as well.
    assert losses(way(penalties.L2(0.03)), 6).mean() < STATED_FEW
    assert losses(way(penalties.L2(0.02), dropout=0.5, epochs=60), 6).mean() < STATED_FEW
    assert losses(way(penalties.L1(0.006), epochs=60), 6).mean() < STATED_FEW
    # What the text says of those that do not.
    text = "".join(defined["sources"].values())
    assert "the loss on new jets is above 2" in text
    assert losses(way(), 6).mean() > 2
    assert "alone comes near 1.0, and the strength that the chapter found for a thousand jets does worse" in text
    in_time = losses(way(epochs=10), 6).mean()
    assert in_time == pytest.approx(1.0, abs=0.05)
    assert losses(way(penalties.L2(0.01)), 6).mean() > in_time > STATED_FEW + 2 * SLACK_FEW
    assert "differs by about 0.02" in text
    assert losses(defined["train"], 12).std() == pytest.approx(0.02, abs=0.008)


@pytest.mark.slow
def test_the_checks_of_random_layers_and_jets_in_regularization_fail_no_right_answer_by_chance():
    for p, n, within in [(0.3, 20_000, 0.02), *((p, 21_000, 0.02) for p in (0.1, 0.5, 0.85))]:
        assert 5 * np.sqrt(p * (1 - p) / n) < within
    defined = reference("regularization", "setup", "turned", "test_turned")
    for seed in range(200):
        with contextlib.redirect_stdout(io.StringIO()):
            defined["check_versions"](seed)


@pytest.mark.slow
def test_the_leak_to_find_in_regularization_leaks_as_much_as_stated():
    defined = reference("regularization", "setup", "jets")
    [text] = [source for source in defined["sources"].values() if "find the leak" in source]
    [block] = re.findall(r"```python\n(.+?)```", text, flags=re.DOTALL)
    assert block.count("epochs=60, ...)") == 1
    block = block.replace("...", "optimizer=optimizers.Adam(0.002), batch=50")
    printed, later = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        drawn = rng.permutation(15_000)
        X, y = defined["jets"].X_train[drawn], defined["jets"].y_train[drawn]
        space = dict(defined, X=X[:500], y=y[:500], rng=rng, accuracy=share_of_right, print=printed.append)
        exec(block, space)
        later.append(share_of_right(space["network"].predict((X[500:] - space["mean"]) / space["std"]), y[500:]))
    assert "It prints 0.98. On jets that are simulated later, the same network reaches 0.60." in text
    assert np.mean(printed) == pytest.approx(0.98, abs=0.015)
    assert np.mean(later) == pytest.approx(0.60, abs=0.015)


def test_the_numbers_of_the_model_answer_in_regularization_are_right():
    text = reference("regularization")["sources"]["report"]
    sigma = 100 * np.sqrt(0.66 * 0.34 / 400)
    best = sigma * np.random.default_rng(0).normal(size=(20_000, 60)).max(axis=1).mean()
    assert f"= {sigma:.1f}$ %" in text
    assert f"= {sigma * np.sqrt(2 * np.log(60)):.1f}" in text
    assert 5 < best < 6
    assert f"standard error is {100 * np.sqrt(0.66 * 0.34 / 5000):.1f} %" in text


@pytest.mark.slow
def test_the_check_of_compare_in_evaluation_fails_no_right_answer_by_chance():
    defined = reference("evaluation", "setup", "compare", "test_compare")
    text, compared, twins = defined["sources"]["test_compare"], defined["compared"], defined["twins"]
    assert "0.28, 0.39" in text
    for sample, efficiency, low, high, slack in [
        ((3000, 1.6, 0.97, 5), 0.5, 0.28, 0.39, 0.02),
        ((2400, 1.5, 0.95, 21), 0.4, 0.8 * 0.436, 1.25 * 0.436, 0.03 * 0.436),
        ((2400, 1.5, 0.95, 22), 0.7, 0.8 * 0.276, 1.25 * 0.276, 0.03 * 0.276),
    ]:
        found = [compared(*twins(*sample), efficiency, seed) for seed in range(100, 112)]
        widths = [upper - lower for _, lower, upper in found]
        assert np.mean(widths) - 3 * np.std(widths) > low - slack
        assert np.mean(widths) + 3 * np.std(widths) < high + slack


@pytest.mark.slow
def test_which_tagger_is_better_in_evaluation_does_not_hang_on_the_seed():
    defined = reference("evaluation", "setup", "taggers", "compare")
    y, a, b = (defined[name] for name in ("y_new", "scores_a", "scores_b"))
    assert (round(ev.area(y, a), 3), round(ev.area(y, b), 3)) == (0.907, 0.927)

    def difference(y, a, b):
        return ev.area(y, b) - ev.area(y, a)

    apart = ev.bootstrap(difference, y, a, b, rng=np.random.default_rng(0), n=200)
    assert apart.value / apart.error == pytest.approx(6.5, abs=1)  # "six standard deviations"
    for efficiency, better in [(0.5, "A"), (0.7, "C"), (0.8, "B")]:
        for seed in range(3):
            _, low, high = defined["compare"](y, a, b, efficiency, np.random.default_rng(seed))
            assert ("A" if low > 1 else "B" if high < 1 else "C") == better


def test_the_model_answer_about_the_discovery_in_evaluation_is_true():
    sources = reference("evaluation")["sources"]
    text = " ".join(source for source in sources.values() if "A discovery?" in source) + sources["report"]
    assert f"{4 / 0.4**0.5:.1f}$ standard deviations" in text
    assert f"on 0.4 is {ev.significance(4, 0.4):.1f}" in text
    assert f"the significance is {ev.significance(4, 0.4, 0.4):.1f}" in text
    assert f"0.005 ± {np.hypot(0.004, 0.004):.3f}" in text


def test_the_bounds_in_the_question_about_ten_jets_in_evaluation_can_be_reached():
    rng = np.random.default_rng(0)
    background = rng.random((100_000, 9))
    sure, all_alike = np.where(rng.random(100_000) < 0.9, 2.0, -1.0), np.full(100_000, 0.9)
    for signal, wins in [(sure, 0.9), (all_alike, 0.9**9)]:
        assert np.mean(signal[:, None] > background) == pytest.approx(0.9, abs=0.005)
        assert np.mean(signal > background.max(axis=1)) == pytest.approx(wins, abs=0.006)


SEARCH = ("setup", "kernel", "posterior", "expected_improvement", "next_trial", "jets", "search")


@pytest.mark.slow
def test_the_reference_finds_good_settings_whatever_the_seed(record_property):
    defined = reference("hyperparameters", *SEARCH)
    scoring = authoring.assignments(ROOT)["hyperparameters"].parent / "scoring.py"
    for judge in (defined["sources"]["test_search"], scoring.read_text()):
        asked = " ".join(judge.split())
        assert asked.count(f"None, {STATED_REGRET}, name=") == 1
        assert asked.count(f"slack={SLACK_REGRET},") == 1
    assert np.array_equal(runpy.run_path(str(scoring))["measured"]().values, defined["table"].values)

    def median_regrets(search, groups):
        """Of thirty searches each, as the hidden test asks for."""
        regrets = []
        for seed in range(10_000, 10_000 + 30 * groups):
            u = search(defined["objective"](seed), 3, 30, np.random.default_rng(seed))
            regrets.append(defined["regret"](u, seed))
        return np.median(np.reshape(regrets, (groups, 30)), axis=1)

    def with_length(length):
        def search(f, n, budget, rng):
            U = rng.random((5, n))
            y = np.array([f(u) for u in U])
            while len(U) < budget:
                u = defined["next_trial"](U, y, rng.random((100, n)), length)
                U, y = np.vstack([U, u]), np.append(y, f(u))
            return U[np.argmin(y)]

        return search

    def around_the_best(f, n, budget, rng):
        U = list(rng.random((10, n)))
        y = [f(u) for u in U]
        while len(U) < budget:
            step = rng.normal(0, 0.2 * 0.93 ** (len(U) - 10), n)
            U.append(np.clip(U[np.argmin(y)] + step, 0, 1))
            y.append(f(U[-1]))
        return U[np.argmin(y)]

    def at_random(f, n, budget, rng):
        U = rng.random((budget, n))
        return U[np.argmin([f(u) for u in U])]

    reached = median_regrets(defined["search"], 20)
    record_property(
        "regret in hyperparameters", f"{reached.mean():.3f} ± {reached.std():.3f}, {reached.max():.3f} most"
    )
    assert reached.mean() + 3 * reached.std() < STATED_REGRET + SLACK_REGRET
    assert reached.max() < STATED_REGRET
    # Other searches that learn do it as well, and dice do not.
    for search in (with_length(0.25), with_length(0.4), around_the_best):
        assert np.median(median_regrets(search, 5)) < STATED_REGRET
    dice = median_regrets(at_random, 40)
    assert np.mean(dice < STATED_REGRET + SLACK_REGRET) <= 0.1  # and it would have to pass twice
    assert "random search comes near 0.13" in "".join(defined["sources"].values())
    assert np.median(dice) == pytest.approx(0.13, abs=0.015)


@pytest.mark.slow
def test_another_seed_changes_a_loss_in_hyperparameters_as_much_as_stated():
    defined = reference("hyperparameters", "setup", "jets")
    text = "".join(defined["sources"].values())
    assert "Another seed would change it more, by about 0.04 near the best setting" in text
    best = np.unravel_index(np.argmin(defined["table"].values), (12, 5, 6))
    setting = [row[k] for row, k in zip(defined["nodes"].values(), best, strict=True)]
    losses = [defined["loss_after_training"](*setting, seed) for seed in range(1, 41)]
    assert np.std(losses, ddof=1) == pytest.approx(0.04, abs=0.01)


def test_the_checks_of_random_answers_in_hyperparameters_fail_no_right_answer_by_chance():
    cells = ("setup", "draw_settings", "test_draw_settings", "next_generation", "test_next_generation")
    with contextlib.redirect_stdout(io.StringIO()):
        defined = reference("hyperparameters", *cells)
        for seed in range(100):
            defined["check_generation"](400, 2, 4, 10 * seed)
            defined["check_generation"](600, 6, 8, 10 * seed)
    low, high = defined["low_try"], defined["high_try"]
    for seed in range(100):
        with contextlib.redirect_stdout(io.StringIO()):
            places = np.sort(defined["check_draws"](4000, low, high, seed), axis=0)
        assert np.abs(places - (np.arange(4000)[:, None] + 0.5) / 4000).max() < 0.04
        assert 0.8 < (4000 * np.diff(places, axis=0)).std() < 1.3


def test_the_numbers_of_the_answers_in_hyperparameters_are_right():
    sources = reference("hyperparameters")["sources"]
    lowest = np.random.default_rng(0).normal(size=(40_000, 60)).min(axis=1).mean()
    assert lowest < -2
    assert f"(about {-0.014 * lowest:.2f}) below their mean" in sources["report"]
    assert rf"0.014\sqrt2 \approx {0.014 * np.sqrt(2):.3f}$" in sources["report"]
    assert rf"0.014\sqrt{{2/6}} \approx {0.014 * np.sqrt(2 / 6):.3f}$" in sources["report"]
    seen = np.random.default_rng(1).normal(0.9, 0.02, (40_000, 50)).min(axis=1).mean()
    assert f"answer_11 = ({seen:.3f}, 0.900)" in sources["answer_11"]
