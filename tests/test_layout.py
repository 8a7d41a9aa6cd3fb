"""Blocks tile the weights, exchanges fit together, split and join are inverse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.layout import Kind, blocks, copies, holders_of_logits, joined, pieces, split
from harness.spec import Layout, ModelPartition

LAYOUTS = [
    ModelPartition(1, Layout.NEURON),
    ModelPartition(3, Layout.NEURON),
    ModelPartition(4, Layout.WEIGHT),
    ModelPartition(3, Layout.ALTERNATE),
    ModelPartition(4, Layout.GRID, rows=2),
    ModelPartition(6, Layout.GRID, rows=2),
    ModelPartition(6, Layout.GRID, rows=3),
    ModelPartition(2, Layout.GRID, rows=2),
]
nets = st.lists(st.integers(6, 23), min_size=2, max_size=5)
layouts = st.sampled_from(LAYOUTS)


@given(st.integers(1, 100), st.integers(1, 9))
def test_pieces_tile_the_width_with_sizes_that_differ_by_one_at_most(width: int, count: int) -> None:
    found = pieces(width, count)
    assert [i for piece in found for i in piece] == list(range(width))
    assert max(map(len, found)) - min(map(len, found)) <= 1


@given(layouts, nets)
def test_every_weight_has_one_owner_and_every_bias_the_holders_that_say_so(
    partition: ModelPartition, widths: list[int]
) -> None:
    for layer in range(len(widths) - 1):
        weights, biases = np.zeros(widths[layer : layer + 2]), np.zeros(widths[layer + 1])
        for member, mine in enumerate(blocks(partition, widths)):
            block = mine[layer]
            weights[np.ix_(block.inputs, block.units)] += 1
            biases[block.owned] += 1 / len(block.holders(member))
        assert (weights == 1).all()
        np.testing.assert_allclose(biases, 1)


@given(layouts, nets)
def test_what_a_worker_holds_after_a_layer_is_what_the_next_one_starts_from(
    partition: ModelPartition, widths: list[int]
) -> None:
    for mine in blocks(partition, widths):
        for block, following in pairwise(mine):
            if following.enter.kind is Kind.GATHER:
                assert following.inputs == range(following.enter.width)
            else:
                assert following.inputs == block.owned


@given(layouts, nets)
def test_members_of_an_exchange_agree_on_it(partition: ModelPartition, widths: list[int]) -> None:
    divided = blocks(partition, widths)
    for mine in divided:
        for layer, block in enumerate(mine):
            for member in block.enter.members:
                assert divided[member][layer].enter == block.enter or block.enter.kind is Kind.NOTHING
            for member in block.leave.members:
                assert divided[member][layer].leave == block.leave or block.leave.kind is Kind.NOTHING


@given(layouts, nets)
def test_logits_are_held_once_by_their_holders(partition: ModelPartition, widths: list[int]) -> None:
    divided = blocks(partition, widths)
    for member in range(partition.members):
        holders = holders_of_logits(partition, member, len(widths) - 1)
        assert member in holders
        assert [unit for other in holders for unit in divided[other][-1].owned] == list(range(widths[-1]))


@given(layouts, nets, st.integers(0, 2**32 - 1))
def test_split_then_join_is_the_identity_whichever_copy_is_taken(
    partition: ModelPartition, widths: list[int], seed: int
) -> None:
    draws = np.random.default_rng(seed)
    net = [(draws.normal(size=(2, *shape)), draws.normal(size=(2, shape[1]))) for shape in pairwise(widths)]
    shares = split(partition, widths, net)
    for copy in range(copies(partition, widths)):
        for (matrix, biases), (again, same) in zip(net, joined(partition, widths, shares, copy), strict=True):
            np.testing.assert_array_equal(matrix, again)
            np.testing.assert_array_equal(biases, same)


def test_a_copy_that_differs_is_seen() -> None:
    partition, widths = ModelPartition(4, Layout.GRID, rows=2), [4, 6, 4]
    net = [(np.ones((a, b)), np.ones(b)) for a, b in ((4, 6), (6, 4))]
    shares = split(partition, widths, net)
    shares[2][0] = (shares[2][0][0], 2 * shares[2][0][1])
    first, second = (joined(partition, widths, shares, copy)[0][1] for copy in range(2))
    assert (first == 1).all()
    assert (second != 1).any()


@pytest.mark.parametrize(
    ("layout", "enter", "leave"), [("neuron", "gather", "nothing"), ("weight", "nothing", "scatter")]
)
def test_layouts_exchange_what_their_names_say(layout: str, enter: str, leave: str) -> None:
    mine = blocks(ModelPartition(2, Layout(layout)), [8, 6, 4])[0]
    assert (mine[1].enter.kind, mine[1].leave.kind) == (enter, leave)
