"""Lockstep: does distributed training stay in step with the undistributed one, and how sure are we?"""

from harness.check.contract import Batch, Training

__version__ = "0.1.0"
__all__ = ["Batch", "Training"]
