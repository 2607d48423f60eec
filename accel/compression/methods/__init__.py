"""One file per method; each names its class as ``METHOD`` (`accel.compression.registry`)."""
