"""What is claimed and over which settings it is tested: frozen values, named by their own parameters."""

from harness.spec.distribution import (
    Controller,
    DataPartition,
    Delays,
    Distribution,
    Fault,
    StalePartition,
    Stragglers,
    Transport,
    VirtualPartition,
)
from harness.spec.setting import Part, Role, SeedBlock, Setting
from harness.spec.suite import Claim, Suite, Tolerance
from harness.spec.training import Activation, Optimizer, Precision, Regularisation, StepSize, Training

__all__ = [
    "Activation",
    "Claim",
    "Controller",
    "DataPartition",
    "Delays",
    "Distribution",
    "Fault",
    "Optimizer",
    "Part",
    "Precision",
    "Regularisation",
    "Role",
    "SeedBlock",
    "Setting",
    "StalePartition",
    "StepSize",
    "Stragglers",
    "Suite",
    "Tolerance",
    "Training",
    "Transport",
    "VirtualPartition",
]
