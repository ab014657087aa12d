"""Evaluation against scikit-learn, against counting by hand, and against toys whose truth is known."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

from course_utils import evaluation as ev


@pytest.fixture(params=["no ties", "ties", "few values"])
def sample(request):
    """Labels, scores and weights; scores of three kinds."""
    rng = np.random.default_rng(42)
    y = rng.integers(0, 2, 2000)
    z = rng.normal(y, 1)
    scores = {"no ties": z, "ties": z.round(1), "few values": (z > 0).astype(float)}[request.param]
    return y, scores, rng.exponential(size=len(y))


# ── ROC ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("weighted", [False, True])
def test_the_curve_is_that_of_scikit_learn(sample, weighted):
    y, scores, w = sample
    w = w if weighted else None
    curve = ev.roc(y, scores, w)
    background, signal, thresholds = metrics.roc_curve(y, scores, sample_weight=w, drop_intermediate=False)
    assert np.allclose(curve.signal, signal, atol=1e-12)
    assert np.allclose(curve.background, background, atol=1e-12)
    assert np.array_equal(curve.thresholds, thresholds)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_area_is_that_of_scikit_learn(sample, weighted):
    y, scores, w = sample
    w = w if weighted else None
    assert np.isclose(ev.area(y, scores, w), metrics.roc_auc_score(y, scores, sample_weight=w), rtol=1e-12)


def test_the_area_counts_pairs_with_ties_as_halves(sample):
    y, scores, w = sample
    s, b = scores[y == 1, None], scores[y == 0]
    wins = (s > b) + (s == b) / 2
    assert np.isclose(ev.area(y, scores), wins.mean(), rtol=1e-12)
    pairs = w[y == 1, None] * w[y == 0]
    assert np.isclose(ev.area(y, scores, w), (pairs * wins).sum() / pairs.sum(), rtol=1e-12)


def test_every_point_is_what_its_cut_keeps(sample):
    y, scores, _ = sample
    curve = ev.roc(y, scores)
    for k in range(0, len(curve.signal), 37):
        kept = scores >= curve.thresholds[k]
        assert np.isclose(curve.signal[k], kept[y == 1].mean())
        assert np.isclose(curve.background[k], kept[y == 0].mean())


def test_equal_scores_separate_nothing_in_whatever_order_they_come():
    for y in ([0, 0, 1, 1], [1, 1, 0, 0]):
        assert ev.area(y, np.zeros(4)) == 0.5
        assert len(ev.roc(y, np.zeros(4)).signal) == 2


def test_only_the_order_of_the_scores_matters(sample):
    y, scores, w = sample
    assert np.isclose(ev.area(y, scores, w), ev.area(y, np.exp(scores / 3), w), rtol=1e-12)
    assert np.isclose(ev.area(y, scores, w), 1 - ev.area(y, -scores, w), rtol=1e-12)


def test_a_whole_weight_is_as_good_as_copies(sample):
    y, scores, _ = sample
    times = np.random.default_rng(0).integers(0, 4, len(y))
    copies = np.repeat(y, times), np.repeat(scores, times)
    assert np.isclose(ev.area(y, scores, times), ev.area(*copies), rtol=1e-12)
    for efficiency in (0.1, 0.5, 0.9):
        ours = ev.rejection_at(y, scores, efficiency, times)
        assert np.isclose(ours, ev.rejection_at(*copies, efficiency), rtol=1e-12)


@pytest.mark.parametrize("efficiency", [0.001, 0.3, 0.5, 1.0])
def test_the_rejection_is_that_of_the_tightest_cut_that_keeps_enough(sample, efficiency):
    y, scores, _ = sample
    enough = [t for t in np.unique(scores) if np.mean(scores[y == 1] >= t) >= efficiency]
    kept = np.mean(scores[y == 0] >= max(enough))
    assert ev.rejection_at(y, scores, efficiency) == (np.inf if kept == 0 else pytest.approx(1 / kept))


def test_sums_of_weights_may_be_rounded():
    y, scores = np.repeat([1, 0], 10), np.r_[10:0:-1, 9.5:-0.5:-1]
    for weight in (0.1, 0.3, 0.7, 1 / 3):
        for k in range(1, 11):
            assert np.isclose(
                ev.rejection_at(y, scores, k / 10, np.full(20, weight)), 10 / (k - 1) if k > 1 else np.inf
            )


def test_rejection_without_any_background_left_is_infinite():
    assert ev.rejection_at([0, 0, 1, 1], [1, 2, 3, 4]) == np.inf


def test_scores_may_be_infinite_as_after_a_cut():
    assert ev.area([0, 0, 1, 1], [-np.inf, 0, 0, np.inf]) == 0.875


def test_the_kinds_of_numbers_do_not_matter():
    scores = np.array([0.1, 0.4, 0.3, 0.8], np.float32)
    for y in ([0, 0, 1, 1], np.array([0.0, 0, 1, 1]), np.array([False, False, True, True]), np.uint8([0, 0, 1, 1])):
        assert ev.area(y, scores) == 0.75


def test_it_is_no_slower_than_scikit_learn(record_property):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100_000)
    scores = rng.normal(y, 1)

    def fastest(function):
        seconds = []
        for _ in range(5):
            started = time.perf_counter()
            function(y, scores)
            seconds.append(time.perf_counter() - started)
        return min(seconds)

    ours, theirs = fastest(ev.area), fastest(metrics.roc_auc_score)
    record_property("area of 100,000 scores", f"{1e3 * ours:.1f} ms; scikit-learn {1e3 * theirs:.1f} ms")
    assert ours < 1.5 * theirs


# ── Confusion ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_confusion_matrix_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    y, predicted, w = rng.integers(0, 5, 500), rng.integers(0, 5, 500), rng.exponential(size=500)
    assert np.array_equal(ev.confusion(y, predicted), metrics.confusion_matrix(y, predicted))
    theirs = metrics.confusion_matrix(y, predicted, sample_weight=w)
    assert np.allclose(ev.confusion(y, predicted, w), theirs, rtol=1e-12)


def test_the_confusion_matrix_takes_decisions_and_counts_classes_that_never_came():
    assert ev.confusion([0, 1, 1], np.array([True, True, False])).tolist() == [[0, 1], [1, 1]]
    assert ev.confusion([0, 0], [0, 2]).tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 0]]


# ── Calibration ─────────────────────────────────────────────────────────────────────────────────────────────


def probabilities(n=4000):
    rng = np.random.default_rng(2)
    p = rng.beta(0.5, 0.5, n)
    return (rng.random(n) < p).astype(int), p, rng


def test_the_bins_are_those_of_scikit_learn():
    y, p, _ = probabilities()
    observed, predicted = calibration_curve(y, p, n_bins=12)
    ours = ev.reliability(y, p, bins=12)
    assert np.allclose(ours.observed, observed)
    assert np.allclose(ours.predicted, predicted)


def test_a_probability_of_one_falls_into_the_last_bin():
    ours = ev.reliability([0, 1, 1], [0.0, 0.95, 1.0], bins=10)
    assert ours.weight.tolist() == [1, 2]


def test_the_calibration_error_by_hand():
    y, p, _ = probabilities(300)
    expected = 0
    for low in range(10):
        inside = (p >= low / 10) & (p < (low + 1) / 10)
        expected += abs(y[inside].mean() - p[inside].mean()) * inside.mean()
    assert np.isclose(ev.calibration_error(y, p), expected)


def test_whole_weights_are_copies_but_for_the_error():
    y, p, rng = probabilities(500)
    times = rng.integers(1, 4, len(y))
    ours, copies = ev.reliability(y, p, 10, times), ev.reliability(np.repeat(y, times), np.repeat(p, times))
    assert np.allclose(ours.observed, copies.observed)
    assert np.allclose(ours.predicted, copies.predicted)
    assert np.all(ours.error >= copies.error)


def test_the_error_of_a_bin_is_its_scatter():
    rng = np.random.default_rng(3)
    p, w = np.full(400, 0.25), rng.exponential(size=400)
    shares, errors = [], []
    for _ in range(300):
        bin_ = ev.reliability((rng.random(400) < p).astype(int), p, weights=w)
        shares.append(bin_.observed[0])
        errors.append(bin_.error[0])
    assert np.isclose(np.mean(errors), np.std(shares), rtol=0.15)


def test_overconfidence_is_seen():
    y, p, _ = probabilities()
    z = np.log(p / (1 - p))
    assert ev.calibration_error(y, 1 / (1 + np.exp(-3 * z))) > 3 * ev.calibration_error(y, p)


# ── Bootstrap ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bootstrap_error_of_a_mean_is_the_formula():
    x = np.random.default_rng(0).normal(size=500)
    found = ev.bootstrap(np.mean, x, rng=np.random.default_rng(1), n=2000)
    expected = x.std() / np.sqrt(500)
    assert found.value == x.mean()
    assert np.isclose(found.error, expected, rtol=0.1)
    assert np.isclose(found.high - found.low, 2 * expected, rtol=0.1)
    assert len(found.replicas) == 2000


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng, covered = np.random.default_rng(5), 0
    y = np.repeat([0, 1], [400, 200])
    truth = stats.norm.cdf(1 / np.sqrt(2))
    for _ in range(200):
        found = ev.bootstrap(ev.area, y, rng.normal(y, 1), rng=rng, n=100)
        covered += found.low <= truth <= found.high
    assert 0.58 < covered / 200 < 0.78


def test_the_rows_of_all_arrays_stay_together():
    x = np.arange(50)
    together = ev.bootstrap(lambda a, b: np.abs(a - b).max(), x, x, rng=np.random.default_rng(0), n=20)
    assert np.all(together.replicas == 0)


def test_a_paired_comparison_is_sharper_than_two_intervals():
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, 1000)
    common = rng.normal(1.5 * y, 1)
    one, two = (common + 0.3 * rng.normal(size=1000) for _ in range(2))
    paired = ev.bootstrap(lambda y, a, b: ev.area(y, a) - ev.area(y, b), y, one, two, rng=rng, n=200)
    single = ev.bootstrap(ev.area, y, one, rng=rng, n=200)
    assert paired.error < 0.7 * single.error


def test_infinite_replicas_give_an_infinite_error_and_no_warning():
    y, z = np.repeat([0, 1], [50, 50]), np.r_[np.zeros(49), 2.0, np.ones(50)]
    found = ev.bootstrap(ev.rejection_at, y, z, rng=np.random.default_rng(0), n=50)
    assert found.error == np.inf
    assert found.high == np.inf


def test_the_same_seed_gives_the_same_interval():
    x = np.arange(30.0)
    one, two = (ev.bootstrap(np.mean, x, rng=np.random.default_rng(7)) for _ in range(2))
    assert one[:4] == two[:4]


# ── Significance ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("s", "b"), [(10, 100), (10, 1), (5, 0.5), (50, 100), (3, 0.1)])
def test_the_asimov_formula_is_that_of_the_lectures_of_statistics(s, b):
    assert np.isclose(ev.significance(s, b), np.sqrt(2 * ((s + b) * np.log(1 + s / b) - s)), rtol=1e-12)


def test_it_agrees_with_the_exact_poisson_probability_where_s_over_root_b_does_not():
    exact = stats.norm.isf(stats.poisson.sf(10, 1))  # at least 11 events where 1 is expected
    assert abs(ev.significance(10, 1) - exact) < 0.15
    assert 10 / np.sqrt(1) - exact > 4


def test_with_many_events_it_is_s_over_the_root_of_all_variances():
    assert np.isclose(ev.significance(30, 1e6), 30 / 1e3, rtol=1e-4)
    assert np.isclose(ev.significance(30, 1e4, 50), 30 / np.sqrt(1e4 + 50**2), rtol=0.01)


def test_the_likelihood_itself_gives_the_same_number():
    s, b, sigma = 20.0, 30.0, 6.0
    tau = b / sigma**2  # a control region with tau b events on average
    n, m = s + b, tau * b
    common = (n + m) / (1 + tau)  # the best background if there is no signal

    def log_l(mean, background):
        return n * np.log(mean) - mean + m * np.log(tau * background) - tau * background

    expected = np.sqrt(2 * (log_l(s + b, b) - log_l(common, common)))
    assert np.isclose(ev.significance(s, b, sigma), expected, rtol=1e-9)


def test_a_tiny_uncertainty_changes_nothing_and_a_large_one_does():
    plain, tiny, large = ev.significance(20, 30, [0, 1e-4, 10])
    assert np.isclose(plain, tiny, rtol=1e-6)
    assert large < 0.7 * plain


def test_the_ends_of_the_scale():
    assert ev.significance(0, 10) == 0
    assert ev.significance(0, 0) == 0
    assert ev.significance(5, 0) == np.inf
    assert ev.significance([1, 2], [[10], [20], [30]]).shape == (3, 2)


# ── Bad input ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("y", "scores", "weights", "message"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], None, "not 2; make it with"),
        ([-1, 1], [0.1, 0.2], None, "not -1"),
        ([0, np.nan], [0.1, 0.2], None, "not nan"),
        ([0, 1], [0.1, np.nan], None, "1 scores are NaN"),
        ([1, 1], [0.1, 0.2], None, "no background"),
        ([0, 0], [0.1, 0.2], None, "no signal"),
        ([], [], None, "no signal"),
        ([0, 1], [0.1, 0.2, 0.3], None, "2 entries and scores 3"),
        ([0, 1], [[0.9, 0.1], [0.2, 0.8]], None, "take a column"),
        ([0, 1], [0.1, 0.2], [1.0], "one number per example"),
        ([0, 1], [0.1, 0.2], [1.0, -1.0], "not negative"),
        ([0, 1], [0.1, 0.2], [1.0, np.nan], "finite"),
        ([0, 1], [0.1, 0.2], [1.0, 0.0], "are all 0"),
    ],
)
@pytest.mark.parametrize("function", [ev.roc, ev.area, lambda y, s, w: ev.rejection_at(y, s, 0.5, w)])
def test_a_curve_that_cannot_be_is_refused_in_words(function, y, scores, weights, message):
    with pytest.raises(ValueError, match=message):
        function(y, scores, weights)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ev.rejection_at([0, 1], [0, 1], efficiency=50), "not 50"),
        (lambda: ev.rejection_at([0, 1], [0, 1], efficiency=0), "not 0"),
        (lambda: ev.reliability([0, 1], [-2.0, 3.0]), "take sigmoid"),
        (lambda: ev.reliability([0, 1], [0.2, 0.3], bins=0), "at least 1"),
        (lambda: ev.confusion([0, 1], [0.2, 0.7]), "argmax"),
        (lambda: ev.confusion([0, 1], [0, 1, 1]), "predicted 3"),
        (lambda: ev.confusion([0, -1], [0, 1]), "from 0 on"),
        (lambda: ev.significance(1, -1), "b must be 0 or positive"),
        (lambda: ev.significance(np.nan, 1), "s must be 0 or positive"),
        (lambda: ev.bootstrap(np.mean, rng=np.random.default_rng(0)), "arrays of one length"),
        (lambda: ev.bootstrap(np.mean, [1], [1, 2], rng=np.random.default_rng(0)), r"\[1, 2\]"),
        (lambda: ev.bootstrap(np.mean, [1, 2], rng=np.random.default_rng(0), level=68), "level between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="default_rng"):
        ev.bootstrap(np.mean, [1.0, 2.0], rng=7)
