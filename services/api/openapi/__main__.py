"""Write the OpenAPI document of this version to a file: `python -m services.api.openapi FILE`."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from services.api.app import create_app
from services.composition import compose
from services.settings import Settings


def main(file: Path) -> None:
    """Build the application on an empty library and write its document."""
    with TemporaryDirectory() as folder:  # no request needs the broker, so nothing listens at its address
        services = compose(Settings(data_dir=Path(folder), redis_url="redis://127.0.0.1:1/0"))
        try:
            document = create_app(services).test_client().get("/openapi.json").json
        finally:
            services.close()
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
