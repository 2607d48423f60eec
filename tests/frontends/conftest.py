"""The main environment has none of these frameworks: there is nothing to test there."""

from importlib.util import find_spec

NEEDS = {"test_hgq2.py": "hgq", "test_qonnx.py": "brevitas", "test_brevitas.py": "brevitas"}

collect_ignore = [file for file, package in NEEDS.items() if find_spec(package) is None]
