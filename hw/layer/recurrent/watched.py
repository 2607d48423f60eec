"""What recurrent blocks show of their inside: when values of all groups of units are there."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Module, Value
from amaranth.lib import wiring

from hw.layer.recurrent.recurrent_cell import Arrival, Cell, NewState, RecurrentSpec
from hw.layer.saturating import SaturatingBlock


class WatchedRecurrence(SaturatingBlock):
    """A block whose units are computed in groups.

    Parameters
    ----------
    spec
        The layer.
    members
        Further members, by name.
    """

    def __init__(self, spec: RecurrentSpec, members: Mapping[str, wiring.Member]) -> None:
        super().__init__(spec.inputs, spec.outputs, members)
        self._recurrent = spec

    def look_at(self, m: Module, place: str, states: Sequence[NewState]) -> None:
        """Let the values of all groups be watched, where that is asked for."""
        codes = [(state.valid, state.value) for state in states]
        self.look(m, place, codes, finished(latest(states, self._recurrent)))

    def look_at_sums(
        self,
        m: Module,
        place: str,
        cells: Sequence[Cell],
        sums: Sequence[Mapping[int, Arrival]],
        gates: Sequence[int],
        program: int = 0,
    ) -> None:
        """Let sums of all cells be watched, where that is asked for.

        Parameters
        ----------
        sums
            Of each cell, by gate; those of all gates as late behind their products.
        gates
            Which of them.
        program
            The recurrent program that computes them.
        """
        if not self.is_watched(place):
            return
        when = self._recurrent.plan.recurrents[program].last_cycles()
        every = [
            (gate, cell, row[gate]) for cell, row in zip(cells, sums, strict=True) for gate in gates
        ]
        _, last, final = max(
            every, key=lambda x: when[x[0] * self._recurrent.units + x[1].group.units[-1]]
        )
        done = final.valid & (final.index == len(last.group.units) - 1)
        self.look(m, place, [(arrival.valid, arrival.total) for _, _, arrival in every], done)


def latest(states: Sequence[NewState], spec: RecurrentSpec) -> NewState:
    """Return the group that finishes last."""
    program = spec.plan.recurrents[-1]
    busy, first = [], 0
    for group, state in zip(spec.groups, states, strict=True):
        columns = program.columns[first : first + len(group.lanes)]
        busy.append(max(column.busy_cycles for column in columns) + state.after)
        first += len(group.lanes)
    return states[max(range(len(states)), key=lambda i: busy[i])]


def finished(state: NewState) -> Value:
    """Tell when a group's last unit is finished."""
    return state.valid & (state.index == len(state.units) - 1)
