"""From a configuration to a trained, scored forecaster."""
