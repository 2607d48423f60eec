"""A network in the formats of other tools: QONNX, exact, and TFLite int8, measured."""
