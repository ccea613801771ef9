"""Own features: values that an analyst attaches to tracks."""

import shutil
import tempfile
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, request
from werkzeug.utils import secure_filename

from services.api.context import services
from services.api.http.operation import operation
from services.api.request_limits import MULTIPART_OVERHEAD_BYTES
from services.api.schemas.own_features import ImportedFeatures, OwnFeatures, OwnFeaturesForm
from services.api.security.permissions import needs
from services.domain.access import Scope
from services.own_features.importing import import_features
from services.storage.disk import storage_errors

own_features = Blueprint("own_features", __name__, url_prefix="/v1/own-features")


@own_features.before_request
def _allow_files() -> None:
    if request.endpoint == "own_features.put_features":
        request.max_content_length = services().settings.upload_max_bytes + MULTIPART_OVERHEAD_BYTES


@own_features.get("")
@operation("listOwnFeatures", "List own features", returns=OwnFeatures)
@needs(Scope.READ)
def list_features() -> OwnFeatures:
    """List the values that were attached to tracks.

    Filters use them (`own_features`), tracks show them, and the table `features` has a column for each.
    """
    return OwnFeatures.of(services().catalogue.own_features.all())


@own_features.put("/<feature>")
@operation("importOwnFeatures", "Import own features", upload=OwnFeaturesForm, returns=ImportedFeatures)
@needs(Scope.ADMIN, expensive=True)
def put_features(feature: str, upload: OwnFeaturesForm) -> ImportedFeatures:
    """Attach the columns of a CSV or Parquet file to tracks, under a namespace: the column `energy` as `mine.energy`.

    A column replaces the feature of the same name. An error in any row, such as an unknown track or NaN, refuses the
    whole file, and the message names the row. `segue import-features` does the same.
    """
    with storage_errors(Path(tempfile.gettempdir())), tempfile.TemporaryDirectory(prefix="segue-") as folder:
        path = Path(folder) / (secure_filename(upload.file.filename or "") or "file")
        with path.open("wb") as file:
            shutil.copyfileobj(upload.file.stream, file)
        imported = import_features(services().catalogue, path, feature, skip_unknown=upload.skip_unknown)
    return ImportedFeatures.of(imported)


@own_features.delete("/<feature>")
@operation(
    "removeOwnFeatures",
    "Remove own features",
    status=HTTPStatus.NO_CONTENT,
    meaning="They are removed.",
    problems=(HTTPStatus.NOT_FOUND,),
)
@needs(Scope.ADMIN)
def remove_features(feature: str) -> None:
    """Remove an own feature, such as `mine.energy`, or all of a namespace."""
    services().catalogue.own_features.remove(feature)
