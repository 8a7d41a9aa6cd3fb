"""Few collectives for many tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from harness.engine.memory import aligned, over, pages, under
from harness.engine.nets import Tensors
from harness.engine.runtime import tf
from harness.layout import TOGETHER, parcels

Collective = Callable[[tf.Tensor, str], tf.Tensor]
# One tensor per weight, or an array where a small one lies in the memory of a message.
Change = Sequence[tf.Tensor | NDArray[np.float64]]

# 440–6×2048–1993 in float32 travels in three parts. Ranks agree anew for each: a clock takes 3 % longer than at once.
_PART_BYTES = 32 << 20


def packed(tensors: Tensors, collective: Collective) -> Tensors:
    """Large tensors each by themselves, all others as one vector, since what small ones cost is their number.

    Args:
        tensors: to travel; `parcels` says what is large.
        collective: of a tensor and a name that is the same at every call; the result is shaped like the tensor.

    Returns:
        What came of each, in its place.
    """
    found: dict[int, tf.Tensor] = {}
    for name, places in parcels([tensor.shape.num_elements() for tensor in tensors]).items():
        given = [tensors[place] for place in places]
        made = _together(given, collective) if name == TOGETHER else [collective(given[0], name)]
        found |= zip(places, made, strict=True)
    return [found[place] for place in range(len(tensors))]


def _together(tensors: Tensors, collective: Collective) -> Tensors:
    flat = collective(tf.concat([tf.reshape(t, [-1]) for t in tensors], axis=0), TOGETHER)
    pieces = tf.split(flat, [t.shape.num_elements() for t in tensors])
    return [tf.reshape(piece, t.shape) for piece, t in zip(pieces, tensors, strict=True)]


class Packing:
    """The form in which a change travels: large tensors each by themselves, all others in one vector.

    What receives a vector reads its pieces where they lie. Of small changes, what costs is the number of operations:
    packed by TensorFlow they took three times the processor's time, and where 8 ranks share 2 cores four times as long.

    Args:
        weights: tensors that a change is shaped like.
    """

    def __init__(self, weights: Sequence[tf.Tensor]) -> None:
        specs = [tf.TensorSpec(w.shape, w.dtype) for w in weights]
        sizes = [spec.shape.num_elements() for spec in specs]
        names = parcels(sizes)
        together = names.get(TOGETHER, ())
        ends = [0, *accumulate(sizes[place] for place in together)]
        self._shapes = [tuple(spec.shape) for spec in specs]
        self._cuts = {place: slice(*bounds) for place, bounds in zip(together, pairwise(ends), strict=True)}
        self._alone = [place for place in range(len(specs)) if place not in self._cuts]
        self._signature = {name: specs[places[0]] for name, places in names.items()}
        self._together = ends[-1]
        if together:
            self._signature[TOGETHER] = tf.TensorSpec((ends[-1],), specs[0].dtype)

    def compiled(self, *collectives: Collective) -> Callable[[Sequence[tf.Tensor]], list[tf.Tensor]]:
        """A collective over a packed change, or several over the same one at once.

        Args:
            collectives: each of a tensor, and its name.

        Returns:
            From a packed change to one per collective, one after the other in a list; the calling thread waits for all.
        """
        return _compiled(collectives, self._signature)

    def in_turn(self, collective: Collective) -> Callable[[list[tf.Tensor]], list[tf.Tensor]]:
        """A collective over a packed change, part by part: what comes takes the place of what went.

        Args:
            collective: of a tensor, and its name.

        Returns:
            From one packed change to another; the calling thread waits for it. It takes the parcels out of the list
            that it is given, so that those of a part can be let go when the next one travels.
        """
        parts = [(len(part), _compiled([collective], part)) for part in self._parts()]
        return lambda sent: [made for count, part in parts for made in part([sent.pop(0) for _ in range(count)])]

    def _parts(self) -> list[dict[str, tf.TensorSpec]]:
        """Parcels in their order, as many together as have `_PART_BYTES`."""
        parts: list[dict[str, tf.TensorSpec]] = []
        room = 0
        for name, spec in self._signature.items():
            if room <= 0:
                parts.append({})
                room = _PART_BYTES
            parts[-1][name] = spec
            room -= spec.shape.num_elements() * spec.dtype.size
        return parts

    def packed(self, change: Change) -> list[tf.Tensor]:
        """What travels of a change.

        Args:
            change: one tensor per weight.

        Returns:
            Large tensors as they are, and a vector of all others.
        """
        large = [change[place] for place in self._alone]
        small = [under(change[place]).reshape(-1) for place in self._cuts]
        if not small:
            return large
        return [*large, over(np.concatenate(small, out=aligned(self._together, small[0].dtype)))]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Where each weight's change lies: number of the tensor that travels, and elements before it there."""
        alone = {place: (number, 0) for number, place in enumerate(self._alone)}
        cut = {place: (len(alone), part.start) for place, part in self._cuts.items()}
        return [(alone | cut)[place] for place in range(len(self._shapes))]

    def unpacked(self, sent: Sequence[tf.Tensor]) -> Change:
        """A change from what has travelled.

        Args:
            sent: as `packed` gives it.

        Returns:
            Large tensors as they are, and of all others arrays in the memory of the vector, to be read only.
        """
        large, vector = iter(sent), under(sent[-1]).reshape(-1)
        return [
            vector[self._cuts[place]].reshape(shape) if place in self._cuts else next(large)
            for place, shape in enumerate(self._shapes)
        ]

    def untouched(self) -> list[tf.Tensor]:
        """A packed change for those who receive, whose place in a collective it takes without being looked at.

        Returns:
            Tensors that take no memory.
        """
        return [over(pages(spec.shape, spec.dtype.as_numpy_dtype)) for spec in self._signature.values()]


def _compiled(
    collectives: Sequence[Collective], signature: Mapping[str, tf.TensorSpec]
) -> Callable[[Sequence[tf.Tensor]], list[tf.Tensor]]:
    def exchanged(*sent: tf.Tensor) -> list[tf.Tensor]:
        named = list(zip(sent, signature, strict=True))
        return [collective(tensor, name) for collective in collectives for tensor, name in named]

    graph = tf.function(exchanged, autograph=False).get_concrete_function(*signature.values())
    # What the graph is called with is known to fit it, and need not be looked at every time.
    run = graph.inference_fn.call_flat
    return lambda sent: list(run(*sent))
