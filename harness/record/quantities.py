"""Names of what the rows of a record hold, and of its scalar facts."""

# Which gap a row holds; what relative means is said in `engine.gaps`.
TRAJECTORY = "trajectory"  # of distributed weights to the reference, relative
NOISE = "aa"  # of the reference to itself with another order of summation, relative
NATURAL = "natural"  # of the reference to itself with another order of the data, relative
TRAVELLED = "travelled"  # distance of the reference from its initial weights
FUNCTION = "function"  # of distributed predictions to those of the reference, relative
ALIGNED = "aligned"  # as trajectory, hidden units permuted to come nearest
VIOLATIONS = "violations"  # of a rule of SSP in one launch, its name in the place of the layer
LAG = "lag"  # reads of one launch that were so many clocks behind another worker, the number in the place of the layer
VIEW = "view"  # of what was read to what had been written, over its bound
TO_TARGET = "clocks to target"  # until the loss has fallen to a target, infinite where it has not; whose: the layer
SECONDS_TO_TARGET = "seconds to target"  # the same in wall time of the slowest rank, from the first timed clock on
LOSS = "loss"  # on the whole data set, nats, at a checkpoint, infinite where it is not finite; whose: the layer
ELAPSED = "elapsed seconds"  # of wall time from the first timed clock to a checkpoint; whose: the layer
SLOWDOWN = "slowdown"  # distributed clocks to target over those of the reference, NaN where neither gets there
SECONDS = "seconds"  # wall time of a clock on one rank in one round; what of it: the layer, one of the next three
STEP, ALONE, EXCHANGE = "step", "alone", "exchange"  # the whole; the reference's, in the same round; collectives alone
CPU = "cpu seconds"  # the same, in time of the processor, all threads of the rank
OUTCOME = "outcome"  # distributed minus undistributed outcome, its name in the place of the layer

# Among the measured facts.
BASE_BATCH = "base_batch"  # examples per clock of the reference whose time is T(1)
TARGET_LOSS = "target_loss"  # the loss that the target is
SLEPT = "slept_seconds_per_clock"  # by ranks in the place of computing; 0 where they computed, or slept for drawn times
EMULATED = "emulated"  # 1 where ranks slept in the place of computing, else 0
