"""Conversion: a QKeras model becomes hls4ml's ModelGraph, and that a `hw.network.graph.Network`.

    entry      convert and config_from_keras_model
    check      refusals by layer name            frontend   hls4ml's parser, every quantizer kept
    passes     the lowering, as a recipe         layers     one handler per layer
    formats    quantizers as number formats      weights    weights as integer codes
    backend    the plugin that hls4ml loads      hls        the exact HLS project
    csim       its C simulation               hls_layers one C++ configuration per block

hls4ml imports this package while it is itself half imported, hence nothing is imported here.
"""
