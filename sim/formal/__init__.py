"""Formal proofs: what holds for every input, and the seeded bug that breaks it."""
