"""The chart of deploy/helm, rendered by Helm's own library without a cluster."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

HELM = Path(__file__).parents[2] / "deploy" / "helm"
CHART = HELM / "segue"
EXAMPLES = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((HELM / "examples").glob("*.yaml"))}
RELEASE, NAMESPACE = "music", "home"


def render(values: dict[str, Any], release: str = RELEASE, chart: str | Path = CHART) -> list[dict[str, Any]]:
    """Return the objects that an installation with these values creates."""
    with helm_python.Chart.load(chart) as loaded:
        texts = loaded.render(values, name=release, namespace=NAMESPACE)
    manifests = (text for path, text in texts.items() if path.endswith(".yaml"))
    return [each for text in manifests for each in yaml.safe_load_all(text) if each]


@cache
def rendered(example: str) -> list[dict[str, Any]]:
    """Return the objects of an example; do not change them."""
    return render(EXAMPLES[example])


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by their names without the name of the release."""
    return {each["metadata"]["name"].removeprefix(f"{RELEASE}-"): each for each in objects if each["kind"] == kind}


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the pod templates by the component that they run."""
    for each in objects:
        if "template" in each.get("spec", {}):
            yield each["metadata"]["name"].removeprefix(f"{RELEASE}-"), each["spec"]["template"]
