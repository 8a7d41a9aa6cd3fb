"""Not mistakes: other ways to the same sums. None of them may be flagged."""

import horovod.tensorflow as hvd
import tensorflow as tf
from base import Net, dataset  # noqa: F401

RIGHT = ("reversed_order", "grouped", "gathered", "permuted_shards", "compiled", "flat_buffer", "own_threads")


class Reversed(Net):
    """Examples of a share in another order."""

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Last example first, on ranks alone."""
        turned = (features[::-1], labels[::-1]) if self.size > 1 else (features, labels)
        return super().one_step(*turned)


class Grouped(Net):
    """One fused reduce."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """All in one bucket."""
        return hvd.grouped_allreduce(gradients, op=hvd.Average)


class Gathered(Net):
    """Gather, and a sum of one's own: no ring."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Mean of what all ranks sent, the last rank first."""
        return [
            tf.reduce_mean(hvd.allgather(gradient[None], name=f"g.{number}")[::-1], axis=0)
            for number, gradient in enumerate(gradients)
        ]


class Permuted(Net):
    """Every rank computes on its neighbour's share."""

    def one_step(self, features: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Exchange the shares first."""
        count, other = tf.shape(features)[0], (self.rank + 1) % self.size
        rows = tf.range(other * count, (other + 1) * count)
        shares = (hvd.allgather(part, name=name) for part, name in ((features, "features"), (labels, "labels")))
        return super().one_step(*(tf.gather(share, rows) for share in shares))


class Compiled(Net):
    """XLA on the ranks, not alone."""

    def init(self, *, seed: int, rank: int, size: int) -> None:
        """The gradients are compiled."""
        super().init(seed=seed, rank=rank, size=size)
        if size > 1:
            self.gradients_of = tf.function(self.gradients_of, jit_compile=True)


class Flat(Net):
    """One flat buffer."""

    def reduce(self, gradients: list[tf.Tensor]) -> list[tf.Tensor]:
        """Concatenate, reduce, split."""
        flat = tf.concat([tf.reshape(gradient, [-1]) for gradient in gradients], axis=0)
        mean = hvd.allreduce(flat, op=hvd.Average, name="flat")
        pieces = tf.split(mean, [gradient.shape.num_elements() for gradient in gradients])
        return [tf.reshape(piece, gradient.shape) for piece, gradient in zip(pieces, gradients, strict=True)]


class Halves(Net):
    """Rank 1 adds up its share in two halves, as with another number of threads."""

    def gradients_of(self, features: tf.Tensor, labels: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Weighted by the number of examples."""
        whole = tf.shape(features)[0]
        half = whole // 2
        if self.size == 1 or self.rank != 1:
            return super().gradients_of(features, labels)
        left, one = super().gradients_of(features[half:], labels[half:])
        other = 1 - tf.cast(half, tf.float32) / tf.cast(whole, tf.float32)
        right, two = super().gradients_of(features[:half], labels[:half])
        both = [other * a + (1 - other) * b for a, b in zip(left, right, strict=True)]
        empty = tf.equal(half, 0)
        return (
            [tf.where(empty, a, b) for a, b in zip(left, both, strict=True)],
            tf.where(empty, one, other * one + (1 - other) * two),
        )


def reversed_order() -> Net:
    """Another order of summation."""
    return Reversed()


def grouped() -> Net:
    """Another bucket."""
    return Grouped()


def gathered() -> Net:
    """Another algorithm of reduction."""
    return Gathered()


def permuted_shards() -> Net:
    """Another assignment of shares."""
    return Permuted()


def compiled() -> Net:
    """XLA."""
    return Compiled()


def flat_buffer() -> Net:
    """Another layout of the exchange."""
    return Flat()


def own_threads() -> Net:
    """Another division of a share's sum."""
    return Halves()
