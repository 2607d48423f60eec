"""Which entry a network gets."""

from hw.control.state import state_memories
from hw.layer.convolution.carrier import with_model
from hw.network.graph import Network
from hw.network.mode import Mode
from hw.top.banked_entry import BankedEntry
from hw.top.entry import Entry
from hw.top.framing import JointFraming, StreamingFraming, WindowFraming
from hw.top.single_entry import SingleEntry
from hw.top.sliding_entry import SlidingEntry
from hw.top.state_port import settling_cycles


def make_entry(network: Network) -> Entry:
    """Return the entry of the leading input for the network's mode and number of series."""
    port, pace, drain = network.input, network.schedule.pace, network.schedule.drain_cycles
    if network.mode is Mode.SLIDING:
        return SlidingEntry(port, pace, drain)
    if network.mode is Mode.STREAMING:
        framing = StreamingFraming()
    elif len(network.inputs) > 1:
        framing = JointFraming(port.beats)
    else:
        framing = WindowFraming(port.beats)
    begun = next(iter(state_memories(network)), None)
    if port.series == 1:
        return SingleEntry(port, pace, drain, framing, begun)
    # Windows of other series begin in between, so each has to keep its model to its end.
    keeps = network.reloadable and network.mode is Mode.WINDOW
    settling = settling_cycles(network) if keeps else 0
    entered = with_model(port) if keeps else port
    return BankedEntry(entered, pace, drain, framing, begun, settling)
