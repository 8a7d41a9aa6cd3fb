"""What is claimed and over which settings it is tested: frozen values, named by their own parameters."""

from harness.spec.choices import Controller, Delays, Fault, Framework, Layout, Policy, Stragglers, Transport
from harness.spec.data_partitions import DataPartition, StalePartition, VirtualPartition
from harness.spec.distribution import Distribution
from harness.spec.model_partition import ModelPartition
from harness.spec.peer_partition import PeerPartition
from harness.spec.scheduled_partition import ScheduledPartition
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
    "Framework",
    "Layout",
    "ModelPartition",
    "Optimizer",
    "Part",
    "PeerPartition",
    "Policy",
    "Precision",
    "Regularisation",
    "Role",
    "ScheduledPartition",
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
