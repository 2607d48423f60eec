"""`make bench-hw`: the hardware against its limits and against other generators."""
