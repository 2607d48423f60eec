"""Handlers for hls4ml's PyTorch parser that read Brevitas's modules."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def brevitas_handlers() -> Iterator[None]:
    """Let hls4ml's parser know Brevitas's modules inside the block."""
    yield
