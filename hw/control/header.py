"""A register map as a C header: offsets, masks, shifts, values of constants."""

from collections.abc import Sequence

from hw.control.registers import Access, RegisterMap
from hw.control.reload import MemoryWrite


def c_header(map: RegisterMap) -> str:
    """Return the text of a header for C99 and later.

    ``<REGISTER>_OFFSET`` is an address in bytes; of every field there are ``_MASK``, within the
    word, and ``_SHIFT``, and of constants ``_VALUE``; of every memory its number, its words and
    their width.
    """
    prefix = map.name.upper()
    lines = [
        f"/* {_comment(map.description)} */",
        f"#ifndef {prefix}_REGISTERS_H",
        f"#define {prefix}_REGISTERS_H",
        "",
        f"#define {prefix}_SIZE {map.size:#x}u /* bytes */",
    ]
    for offset, register in map.placed:
        lines += ["", f"/* {_comment(register.description)} */"]
        lines.append(f"#define {prefix}_{register.name.upper()}_OFFSET {offset:#x}u")
        for field in register.fields:
            name = f"{prefix}_{register.port(field).upper()}"
            if field.name:
                lines.append(f"/* {field.access}: {_comment(field.description)} */")
            lines.append(f"#define {name}_SHIFT {field.lsb}u")
            lines.append(f"#define {name}_MASK {field.mask:#x}u")
            if field.access is Access.CONSTANT:
                lines.append(f"#define {name}_VALUE {field.reset:#x}u")
    for number, memory in enumerate(map.memories):
        name = f"{prefix}_MEMORY_{memory.name.upper()}"
        lines += ["", f"/* {_comment(memory.description)} */"]
        lines.append(f"#define {name}_SELECT {number}u")
        lines.append(f"#define {name}_WORDS {memory.words}u")
        lines.append(f"#define {name}_WIDTH {memory.width}u")
    return "\n".join([*lines, "", "#endif", ""])


def c_model(map: RegisterMap, writes: Sequence[MemoryWrite], name: str) -> str:
    """Return a C array of the words of a model: ``struct {memory, address; data} name[]``.

    Parameters
    ----------
    map
        Whose prefix the type has.
    writes
        The words (`hw.control.reload.model_writes`).
    name
        Of the array.
    """
    prefix = map.name
    rows = [f"    {{{w.memory}u, {w.address:#x}u, {w.data:#x}ull}}," for w in writes]
    lines = [
        "#include <stdint.h>",
        f"#ifndef {prefix.upper()}_WORD",
        f"#define {prefix.upper()}_WORD",
        f"struct {prefix}_word {{ uint32_t memory; uint32_t address; uint64_t data; }};",
        "#endif",
        f"static const struct {prefix}_word {name}[] = {{",
        *rows,
        "};",
    ]
    return "\n".join([*lines, ""])


def _comment(text: str) -> str:
    # Names of layers are the user's: they may hold what opens or closes a comment.
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")
