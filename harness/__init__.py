"""Lockstep: does distributed training stay in step with the undistributed one, and how sure are we?"""

__version__ = "0.1.0"
