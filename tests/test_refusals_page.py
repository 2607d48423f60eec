"""docs/refusals.md lists what the code says, one sentence each, with what to do."""

from tests.refusals_page import OPEN, PAGE, find_refusals, page

COMPLETED = {
    "accel/conversion/hls_layers/blocks.py": "why no project was written; convert goes on",
    "hw/layer/recurrent/folding.py": "hw.network.balance adds the layer and the remedy",
}
"""Files whose sentences others complete, and how."""


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/refusals.md is old: make refusals"


def test_each_is_one_sentence_with_a_remedy() -> None:
    lacking: list[str] = []
    for refusal in find_refusals():
        text = refusal.text.strip()
        # A colon comes before what to do; an earlier one may only name the layer.
        behind = text.removeprefix(f"layer '{OPEN}': ")
        told = any(mark in behind for mark in (": ", "; ")) or text.endswith(OPEN)
        if "\n" in text or text.endswith(".") or not (told or refusal.file in COMPLETED):
            lacking.append(f"{refusal.file}:{refusal.line}: {text}")
    assert not lacking, "\n".join(lacking)
