from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from harness import data
from harness.data import noise, teacher
from harness.data.examples import read_package_table
from harness.errors import BadInputError


@pytest.mark.parametrize(("name", "shape"), [("digits", (1797, 64)), ("mnist5k", (5000, 784)), ("teacher", (2000, 64))])
def test_data_sets_have_their_published_sizes(name: str, shape: tuple[int, int]) -> None:
    examples = data.load(name)
    assert examples.features.shape == shape
    assert len(examples) == shape[0]
    assert set(examples.labels) == set(range(10))
    assert np.isfinite(examples.features).all()


def test_digits_are_those_of_scikit_learn() -> None:
    features, labels = load_digits(return_X_y=True)
    examples = data.load("digits")
    np.testing.assert_array_equal(16 * examples.features, features)
    np.testing.assert_array_equal(examples.labels, labels)


def test_mnist_holds_500_of_each_digit_in_unit_range() -> None:
    examples = data.load("mnist5k")
    assert (np.bincount(examples.labels) == 500).all()
    assert (examples.features.min(), examples.features.max()) == (0, 1)


def test_teacher_is_the_truth_of_its_labels() -> None:
    examples = data.load("teacher")
    np.testing.assert_array_equal(teacher.answer(examples.features), examples.labels)
    assert [weights.shape for weights, _ in teacher.truth()] == [(64, 32), (32, 10)]


def test_unknown_data_set_and_missing_files_are_named() -> None:
    with pytest.raises(BadInputError, match="no data set is called 'timit'; known: digits"):
        data.load("timit")
    with pytest.raises(BadInputError, match="nothing_of_the_kind is not installed"):
        read_package_table("nothing_of_the_kind", "table.csv.gz")
    with pytest.raises(BadInputError, match="is missing"):
        read_package_table("sklearn", "no/such/table.csv.gz")


def test_noise_has_any_width_and_is_the_same_every_time() -> None:
    assert noise.name(7, 3) == "noise7x3"
    first, again = data.load("noise7x3"), data.load("noise7x3")
    assert first.features.shape == (noise.EXAMPLES, 7)
    assert set(first.labels) == {0, 1, 2}
    np.testing.assert_array_equal(first.features, again.features)
    with pytest.raises(BadInputError, match="no data set is called 'noise0x3'"):
        data.load("noise0x3")
