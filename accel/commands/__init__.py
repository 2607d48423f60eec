"""Commands of ``accel`` beside those that take a run from step to step."""
