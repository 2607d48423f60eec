"""The TensorFlow that hls4ml's own extra pins, in an environment of its own: `make old-tensorflow`.

write           in the main environment: networks of drawn models, and what QKeras gives
test_networks   in the old one: the same models give the same networks and the same values
"""
