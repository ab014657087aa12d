"""What is handed over arrives as it was; what is no array is refused."""

import numpy as np
import pytest

from course_utils.handover import DTYPES, MOST_BYTES, HandoverError, decode, encode, hand_over


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_arrays_arrive_as_they_were(dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    [(name, came)] = decode(encode({"x": array})).items()
    assert name == "x"
    assert came.dtype == array.dtype
    assert np.array_equal(came, array)


def test_objects_and_too_much_are_refused():
    with pytest.raises(HandoverError, match="dtype object"):
        hand_over(x=[{}])
    with pytest.raises(HandoverError, match="at most 4 MB"):
        hand_over(x=np.zeros(MOST_BYTES))


GOOD = encode({"x": np.zeros((2, 3))})["x"]


@pytest.mark.parametrize(
    "forged",
    [
        None,
        [],
        {"x": None},
        {"x": {}},
        {str(k): GOOD for k in range(51)},
        {"x": GOOD | {"dtype": "O"}},
        {"x": GOOD | {"dtype": "V48"}},
        {"x": GOOD | {"dtype": [["a", "O"]]}},
        {"x": GOOD | {"shape": [2, 4]}},
        {"x": GOOD | {"shape": [-2, -3]}},
        {"x": GOOD | {"shape": [2**62, 2**62, 0]}},
        {"x": GOOD | {"shape": [2.0, 3.0]}},
        {"x": GOOD | {"shape": "23"}},
        {"x": GOOD | {"shape": [1] * 60 + [6]}},
        {"x": GOOD | {"data": "!!!"}},
        {"x": GOOD | {"data": 5}},
    ],
)
def test_what_is_no_array_is_refused(forged):
    with pytest.raises(HandoverError):
        decode(forged)
