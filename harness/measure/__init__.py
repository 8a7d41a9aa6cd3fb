"""Launching ranks and knowing the machine."""
