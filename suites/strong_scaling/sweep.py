"""Settings: three nets, the same global batch for all; everybody on 2 ranks, some emulated on 4 to 16."""

from harness.spec import DataPartition, Role, Setting
from harness.spec.timings import LARGE, NETS, ROUNDS, everybody, tolerance

BATCH = 512
TOLERANCE = tolerance("0.80 is the middle of what Horovod published, 0.68 to 0.90.")
NEAR_LINEAR = 0.80
BEST = Setting(Role.CLAIM, LARGE.training(BATCH), DataPartition(2), ROUNDS)

SETTINGS = tuple(setting for net in NETS for setting in everybody(net, lambda _: BATCH, ROUNDS))
