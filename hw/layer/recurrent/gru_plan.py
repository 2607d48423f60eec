"""When the products of `hw.layer.recurrent.gru.GRU` run."""

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hw.layer.recurrent.gru_cell import (
    AFTER_ORDER,
    CANDIDATE,
    GATE_ORDER,
    gate_cycles,
    tails_after_sum,
)
from hw.layer.recurrent.step import StepPlan, fill_first_tail
from hw.layer.recurrent.step_order import begin_cycles, in_order_of_need
from hw.number.arithmetic import common_format
from hw.product.folded import Program

if TYPE_CHECKING:
    from hw.layer.recurrent.gru import GRU

FINE_ORDER_SAVES = 3
"""Cycles a step that are worth the memories of input sums in their finest order."""


def input_order(units: int, by_gate: bool = False) -> np.ndarray:
    """Return the input product's outputs in the order of computing: r and z by unit, then h.

    Outputs are numbered as in Keras: ``gate * units + unit``. Where gates have multipliers of their
    own, r comes before z.
    """
    every = np.arange(units)
    if by_gate:
        return np.concatenate([gate * units + every for gate in (*GATE_ORDER, CANDIDATE)])
    pairs = np.array(GATE_ORDER) * units + every[:, np.newaxis]
    return np.concatenate([pairs.ravel(), CANDIDATE * units + every])


def step_plan(spec: "GRU") -> StepPlan:
    """Return the plan; reset-before on one pool fills its first tail with input sums of h."""
    recurrents = recurrent_programs(spec)
    needs = input_needs(spec, recurrents)
    kernel = spec.input_weights[:, input_order(spec.units, bool(spec.gate_reuse))]
    outputs = kernel.shape[1]

    def plan_with(late: int, fine: bool = False) -> StepPlan:
        cuts = [0, outputs - late, outputs] if late else [0, outputs]
        rows = [tuple(need[a:b] for a, b in pairwise(cuts)) for need in needs]
        programs = spec.input_programs(
            [kernel[:, a:b] for a, b in pairwise(cuts)],
            spec.kernel_format,
            spec.input_product.output,
            input_order(spec.units, bool(spec.gate_reuse)),
        )
        ordered = tuple(
            in_order_of_need(
                program,
                np.min([row[i] for row in rows], axis=0),
                range(outputs) if fine else _starts(spec, a),
            )
            for i, (program, a) in enumerate(zip(programs, cuts[:-1], strict=True))
        )
        shared = spec.folding.shared
        return StepPlan(
            ordered,
            recurrents,
            shared,
            tuple(rows),
            tails_after_sum(spec),
            spec.series,
            spec.storage,
            spec.reloadable,
            spec.period,
        )

    if spec.reset_after or not spec.folding.shared or spec.period is not None:
        return plan_with(0)
    plan = fill_first_tail(plan_with, spec.units)
    # Input sums one by one in the order of need: more and smaller memories, so not for a cycle.
    fine = fill_first_tail(lambda late: plan_with(late, fine=True), spec.units)
    return fine if plan.interval_cycles - fine.interval_cycles >= FINE_ORDER_SAVES else plan


def recurrent_programs(spec: "GRU") -> tuple[Program, ...]:
    """Return the products of s, and where the reset comes before, of ``r * s``."""
    if spec.reset_after:
        parts = [(AFTER_ORDER, spec.state, common_format(spec.sum, spec.biased))]
    else:
        parts = [
            (GATE_ORDER, spec.state, spec.sum),
            ((CANDIDATE,), spec.reset_state, spec.candidate_sum),
        ]
    return tuple(
        Program(
            spec.recurrent_weights,
            source,
            spec.recurrent_format,
            total,
            spec.recurrent_columns(order),
        )
        for order, source, total in parts
    )


def input_needs(spec: "GRU", recurrents: tuple[Program, ...]) -> tuple[np.ndarray, ...]:
    """Return for each recurrent product when it wants the input sums, in their order."""
    order = input_order(spec.units, bool(spec.gate_reuse))
    needs = [begin_cycles(program.columns, len(order))[order] for program in recurrents]
    if spec.reset_after:
        # The candidate's input sum is added behind the gate r.
        last = recurrents[0].last_cycles()[CANDIDATE * spec.units :]
        needs[0][2 * spec.units :] = last + gate_cycles(spec) + 2
    return tuple(needs)


def _starts(spec: "GRU", offset: int) -> list[int]:
    """Return where the input sums of the groups begin, counted from `offset`."""
    first = [group.units[0] for group in spec.groups]
    if spec.gate_reuse:
        return [block * spec.units + u - offset for block in range(3) for u in first]
    return [2 * u - offset for u in first] + [2 * spec.units + u - offset for u in first]
