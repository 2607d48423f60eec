"""The control plane: registers described once, as hardware, C header and table."""
