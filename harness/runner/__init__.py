"""Carries out runs and stores what they leave; goes on where an earlier attempt stopped."""
