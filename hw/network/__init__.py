"""Networks of blocks: the graph, its cycle contract, its files."""
