"""What pyproject.toml can't say: a built package holds the folder ``schemas/`` as ``paragon_sync/schemas``.

A checkout reads the folder itself (``manifest/schema.py``), so an editable installation needs nothing of this.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithSchemas(build_py):
    """Copies the schemas beside the modules that read them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            shutil.copytree("schemas", Path(self.build_lib, "paragon_sync", "schemas"), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithSchemas})
