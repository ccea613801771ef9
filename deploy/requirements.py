"""Print the requirements that an image installs before Segue itself.

They are all that a layer of packages depends on, so a change of the version, the README or the code keeps that layer.

Usage: requirements.py [EXTRA,EXTRA]
"""  # noqa: INP001  a file for the image, not a package

import sys
import tomllib
from pathlib import Path

PROJECTS = ("pyproject.toml", "clients/python/pyproject.toml")
OWN = "segue-client"


def main() -> None:
    """Read the projects in the working directory."""
    extras = sys.argv[1].split(",") if len(sys.argv) > 1 else []
    found = set()
    for name in PROJECTS:
        project = tomllib.loads(Path(name).read_text(encoding="utf-8"))["project"]
        found.update(project["dependencies"])
        if name == PROJECTS[0]:
            found.update(line for extra in extras for line in project["optional-dependencies"][extra])
    print("\n".join(sorted(line for line in found if not line.startswith(OWN))))  # noqa: T201  its output


if __name__ == "__main__":
    main()
