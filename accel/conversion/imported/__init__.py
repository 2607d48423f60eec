"""Models of other frameworks, as hls4ml's front ends read them: Keras 3 (HGQ2), QONNX, PyTorch.

    entry        the twins of hls4ml's converters      lowering   from hls4ml's graph to a Network
    node         a node, and the errors that name it   constants  what is known before any input
    quantizers   number formats, one for each value    layers     one handler for each kind of node
    brevitas     handlers for hls4ml's PyTorch parser

Nothing of hls4ml's optimizer is applied: a node says exactly what its framework computes, and that
is what the blocks do. Whatever has no exact block is refused by the node's name.
"""
