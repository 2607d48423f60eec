"""Without the main environment's models there is nothing to compare with."""

import os

collect_ignore = [] if "CHRONOGATE_MODELS" in os.environ else ["test_networks.py"]
