"""One handler per block: its parameters as the C++ configuration of a template in `hls_templates`.

A new block is a handler here, a line in `blocks.HANDLERS` and, if hls4ml has no exact template for
it, one in ``hls_templates``.
"""
