"""Data: what there is, reading and cleaning it, splitting it, and cutting it into windows."""
