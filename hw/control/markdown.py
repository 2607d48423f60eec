"""A register map as Markdown tables."""

from hw.control.registers import Field, RegisterMap


def markdown(map: RegisterMap) -> str:
    """Return a table of the registers and, where there are any, one of the memories."""
    lines = [
        _text(map.description),
        "",
        "| offset | register | bits | access | reset | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for offset, register in map.placed:
        for field in register.fields:
            name = f"`{register.name}{f'.{field.name}' if field.name else ''}`"
            cells = (f"`{offset:#05x}`", name, _bits(field), field.access, f"`{field.reset:#x}`")
            lines.append(f"| {' | '.join(cells)} | {_text(field.description)} |")
    if map.memories:
        lines += ["", "| select | memory | words | bits | access | meaning |", "|---|---" * 3 + "|"]
    for number, memory in enumerate(map.memories):
        access = "".join(("R" * memory.readable, "W" * memory.writable))
        lines.append(
            f"| {number} | `{memory.name}` | {memory.words} | {memory.width} | {access} "
            f"| {_text(memory.description)} |"
        )
    return "\n".join([*lines, ""])


def _bits(field: Field) -> str:
    highest = field.lsb + field.width - 1
    return f"{highest}" if field.width == 1 else f"{highest}:{field.lsb}"


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
