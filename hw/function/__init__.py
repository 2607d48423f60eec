"""Functions of one value: quantizers and activations."""
