"""`make bench-accuracy`: how well forecasters forecast, one question a file; docs/accuracy.md."""
