"""docs/adding.md, followed to the letter in a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.snippets import LONG, ROOT, SKIP_LONG, snippets

PAGE = ROOT / "docs" / "adding.md"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Do what the page says; return the copy, and what its commands printed."""
    copy = tmp_path_factory.mktemp("checkout")
    for package in ("accel", "hw", "sim"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    said = []

    def run(*command: str, text: str = "") -> None:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        said.append(done.stdout)

    for snippet in snippets(PAGE):
        match snippet.language:
            case "python" | "toml" if snippet.file:
                (copy / snippet.file).write_text(snippet.text, encoding="utf-8")
            case "python":
                run(sys.executable, "-c", snippet.text)
            case "diff":
                run("git", "apply", "-", text=snippet.text)
            case "sh":
                for line in snippet.text.splitlines():
                    program, *arguments = line.split()
                    assert program == "accel"
                    run(sys.executable, "-m", "accel.cli", *arguments)
            case other:
                raise AssertionError(f"adding.md, line {snippet.line}: a block of {other!r}")
    return copy, said


@pytest.mark.skipif(SKIP_LONG, reason=f"make snippets: {LONG['adding.md']}")
def test_what_the_page_adds_is_there(outputs: tuple[Path, list[str]]) -> None:
    copy, said = outputs
    text = "\n".join(said)
    assert "attic" in text
    assert "tide" in text
    assert '"kept"' in (copy / "runs" / "tide" / "training.json").read_text()
    assert (copy / "runs" / "tide" / "model.h5").exists()
