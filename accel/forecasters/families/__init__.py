"""One file per family; each names its class as ``FAMILY`` (`accel.forecasters.registry`)."""
