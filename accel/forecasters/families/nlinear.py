"""NLinear: the last value taken away, one linear layer for all channels, the value given back.

Zeng et al., *Are Transformers Effective for Time Series Forecasting?* (arXiv:2205.13504).
"""

from typing import Literal

from accel.forecasters.linear_layer import LinearLayer


class NLinearModel(LinearLayer):
    """``family = "nlinear"``."""

    family: Literal["nlinear"]
    normalization: Literal["none", "mean", "last"] = "last"
    shared: bool = True


FAMILY = NLinearModel
