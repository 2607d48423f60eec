"""The formats, by name; imports nothing that takes time."""

from enum import StrEnum


class Format(StrEnum):
    """Where a network can go."""

    ONNX = "onnx"
    QONNX = "qonnx"
    TFLITE = "tflite"
