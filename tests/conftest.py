"""What holds for all tests."""

import gc


def pytest_collection_finish() -> None:
    """Take what the imports left, TensorFlow's objects above all, out of every later collection."""
    gc.collect()
    gc.freeze()
