"""The form in which changes travel."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.memory import aligned, over, under
from harness.engine.packing import Packing
from harness.engine.runtime import tf
from harness.layout import BY_ITSELF

SHAPES = st.lists(st.sampled_from([(1,), (3, 2), (2, 5, 1), (BY_ITSELF,), (2, BY_ITSELF // 2)]), min_size=1, max_size=6)


def change(shapes: list[tuple[int, ...]], kind: str) -> list[tf.Tensor]:
    draw = np.random.default_rng(len(shapes))
    return [tf.constant(draw.normal(size=shape), kind) for shape in shapes]


@given(shapes=SHAPES, kind=st.sampled_from(["float32", "float64"]))
def test_what_was_packed_is_unpacked(shapes: list[tuple[int, ...]], kind: str) -> None:
    given_ = change(shapes, kind)
    packing = Packing(given_)
    parcels = packing.packed(given_)
    large = [tensor for tensor in given_ if tensor.shape.num_elements() >= BY_ITSELF]
    assert parcels[: len(large)] == large
    assert len(parcels) == len(large) + (len(large) < len(given_))
    found = packing.unpacked(parcels)
    for mine, sent in zip(found, given_, strict=True):
        np.testing.assert_array_equal(under(mine), under(sent), strict=True)
    assert [(p.shape, p.dtype) for p in packing.untouched()] == [(p.shape, p.dtype) for p in parcels]


def test_small_pieces_lie_in_the_memory_of_what_has_travelled() -> None:
    packing = Packing(change([(3, 2), (4,)], "float64"))
    (vector,) = packing.packed(change([(3, 2), (4,)], "float64"))
    assert all(np.shares_memory(under(piece), under(vector)) for piece in packing.unpacked([vector]))


@pytest.mark.parametrize("shapes", [[(3, 2)], [(BY_ITSELF,)], [(3, 2), (BY_ITSELF,), (4,), (2, BY_ITSELF)]])
def test_a_collective_is_made_of_each_parcel_under_a_name_of_its_own(shapes: list[tuple[int, ...]]) -> None:
    names: list[str] = []

    def doubled(tensor: tf.Tensor, name: str) -> tf.Tensor:
        names.append(name)
        return 2 * tensor

    sent = change(shapes, "float64")
    packing = Packing(sent)
    for compiled in packing.compiled, packing.in_turn:
        names.clear()
        run = compiled(doubled)
        for _ in range(2):
            for mine, was in zip(packing.unpacked(run(packing.packed(sent))), sent, strict=True):
                np.testing.assert_array_equal(under(mine), 2 * under(was), strict=True)
        assert len(names) == len(set(names)) == len(packing.packed(sent))


def test_several_collectives_take_the_same_change_at_once() -> None:
    sent = change([(3, 2), (BY_ITSELF,)], "float64")
    packing = Packing(sent)
    run = packing.compiled(lambda tensor, name: 2 * tensor, lambda tensor, name: 3 * tensor)
    made = run(packing.packed(sent))
    half = len(made) // 2
    for factor, parcels in (2, made[:half]), (3, made[half:]):
        for mine, was in zip(packing.unpacked(parcels), sent, strict=True):
            np.testing.assert_array_equal(under(mine), factor * under(was), strict=True)


def test_a_part_is_gone_when_the_next_one_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.engine.packing._PART_BYTES", 8 * BY_ITSELF)
    sent = change([(BY_ITSELF,), (BY_ITSELF,), (3,)], "float64")
    parcels = Packing(sent).packed(sent)
    left = [weakref.ref(parcel) for parcel in parcels]
    gone: list[list[bool]] = []

    def seen(tensor: tf.Tensor) -> tf.Tensor:
        gone.append([ref() is None for ref in left])
        return tensor

    run = Packing(sent).in_turn(lambda tensor, name: tf.py_function(seen, [tensor], tensor.dtype))
    del sent
    run(parcels)
    assert gone == [[False] * 3, [True, False, False], [True, True, False]]


def test_what_is_small_travels_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = change([(3,), (BY_ITSELF,), (BY_ITSELF,), (BY_ITSELF,)], "float64")
    assert [len(part) for part in Packing(sent)._parts()] == [4]
    monkeypatch.setattr("harness.engine.packing._PART_BYTES", 8 * BY_ITSELF + 1)
    assert [len(part) for part in Packing(sent)._parts()] == [2, 2]


@given(size=st.integers(1, 1000), kind=st.sampled_from(["float32", "float64"]))
def test_tensorflow_reads_an_aligned_vector_where_it_lies(size: int, kind: str) -> None:
    vector = aligned(size, kind)
    tensor = over(vector)
    vector[...] = 3
    assert (vector.shape, vector.dtype) == ((size,), np.dtype(kind))
    assert np.shares_memory(under(tensor), vector)
    assert float(tf.reduce_sum(tensor)) == 3 * size
