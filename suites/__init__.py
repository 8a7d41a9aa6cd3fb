"""Suites: one folder per claim, found by being here."""
