"""One handler per kind of layer: a Keras layer and the wires that feed it become blocks of `hw`.

A new layer is one function in a file here, one line in `registry` and one in `check.SUPPORTED`.
"""
