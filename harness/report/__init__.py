"""Figures and pages made from records and verdicts; writes nothing itself."""
