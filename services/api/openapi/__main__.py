"""Write the OpenAPI document of this version to a file: `python -m services.api.openapi FILE`."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from services.api.app import create_app
from services.api.openapi.document import Document
from services.composition import compose
from services.settings import Settings


def read_document() -> Document:
    """Return the document of an application with an empty library."""
    with TemporaryDirectory() as folder:  # no request needs the broker, so nothing listens at its address
        services = compose(Settings(data_dir=Path(folder), redis_url="redis://127.0.0.1:1/0"))
        try:
            return dict(create_app(services).test_client().get("/openapi.json").get_json())
        finally:
            services.close()


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(read_document(), ensure_ascii=False, indent=1), encoding="utf-8")
