"""Random models of stock QKeras layers through all realizations: ``make fuzz N=... SEED=...``."""
