"""Incremental learning: a deployed forecaster's last layer follows the data, by new weights."""
