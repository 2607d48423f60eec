"""Dense layers: folded, sparse, as adder graphs, and several on one engine."""
