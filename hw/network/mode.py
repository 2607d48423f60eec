"""How windows are cut from the samples that come in."""

from enum import StrEnum


class Mode(StrEnum):
    """What one input beat and one forecast stand for.

    With several series (`Port.series`) every rule holds for each series by itself.
    """

    WINDOW = "window"  # the sender repeats the whole look-back; ``tlast`` closes each window
    SLIDING = "sliding"  # the look-back lives on chip: one forecast for every new sample
    STREAMING = "streaming"  # layers keep their state: one sample in, one forecast out
