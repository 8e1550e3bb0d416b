"""The one variable that turns every skip into a failure does so for each way to skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"
WAYS = {
    "call": "import pytest\ndef test(): pytest.skip('why')",
    "mark": "import pytest\n@pytest.mark.skip(reason='why')\ndef test(): pass",
    "condition": "import pytest\n@pytest.mark.skipif(True, reason='why')\ndef test(): pass",
    "excuse": "import pytest\n@pytest.mark.xfail(reason='why')\ndef test(): assert False",
    "fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.skip('why')\ndef test(f): pass",
    "module": "import pytest\npytest.skip('why', allow_module_level=True)",
    "import": "import pytest\npytest.importorskip('why_not')",
}


def run_pytest(folder: Path, text: str, variable: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "test_it.py").write_text("def test_other(): pass\n" + text)
    environment = {name: value for name, value in os.environ.items() if name != "PARAGON_SYNC_NO_SKIP"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        env=environment | variable,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("text", list(WAYS.values()), ids=list(WAYS))
def test_a_skip_fails_where_none_may_be(text: str, tmp_path: Path) -> None:
    ended = run_pytest(tmp_path, text, {"PARAGON_SYNC_NO_SKIP": "1"})
    assert ended.returncode != 0
    assert "why" in ended.stdout
    assert "PARAGON_SYNC_NO_SKIP=1" in ended.stdout


def test_a_skip_is_fine_elsewhere(tmp_path: Path) -> None:
    ended = run_pytest(tmp_path, WAYS["call"], {})
    assert ended.returncode == 0
    assert "1 passed, 1 skipped" in ended.stdout
    assert "1 skipped: why\n" in ended.stdout
