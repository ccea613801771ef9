"""compose.cluster.yaml, the proxy's configuration and docker-bake.hcl agree with compose.yaml and the Dockerfiles."""

import json
import re

import hcl2
import pytest
import yaml

from tests.contract.test_deploy import BIN, COMPOSE, DEPLOY, DOCKERFILES, OURS, PROJECT, ROOT, SERVICES, resolved, run


class Loader(yaml.SafeLoader):
    """YAML with the tags of Compose; `!reset` removes what another file says."""


Loader.add_constructor("!reset", lambda loader, node: loader.construct_sequence(node))
CLUSTER = yaml.load((DEPLOY / "compose.cluster.yaml").read_text(), Loader)  # noqa: S506  a safe loader with one tag more
NODES = ["qdrant", "qdrant-2", "qdrant-3"]
APIS = ["api", "api-2"]


def test_the_cluster_conforms_to_composes_schema(tmp_path):
    """The schema knows no tags, so the file is checked after reading."""
    (tmp_path / "cluster.json").write_text(json.dumps(CLUSTER))

    checked = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", tmp_path / "cluster.json")

    assert checked.returncode == 0, checked.stdout


def test_every_part_knows_all_nodes():
    """Each container of ours has the addresses of all nodes, which know each other by the same names."""
    urls = ",".join(f"http://{node}:6333" for node in NODES)
    ours = {name: CLUSTER["services"][name] for name in [*OURS, "api-2"]}
    assert {service["environment"]["SEGUE_QDRANT_URL"] for service in ours.values()} == {urls}

    for node in NODES:
        service = CLUSTER["services"][node]
        command = " ".join(service["command"])
        assert service["environment"] == {"QDRANT__CLUSTER__ENABLED": "true"}
        assert command.startswith(" ".join(SERVICES["qdrant"]["command"]))
        assert f"--uri http://{node}:6335" in command
        assert ("--bootstrap http://qdrant:6335" in command) == (node != "qdrant")
        if node != "qdrant":
            assert service["extends"] == {"file": "compose.yaml", "service": "qdrant"}
            assert service["volumes"] == [f"index-{node[-1]}:/qdrant/storage"]
            assert f"index-{node[-1]}" in CLUSTER["volumes"]


def test_the_proxy_asks_healthy_api_containers():
    """Only the proxy is published; the API accepts the names that its health checks use."""
    assert [name for name, service in CLUSTER["services"].items() if service.get("ports")] == ["caddy"]
    assert CLUSTER["services"]["api-2"]["extends"] == {"file": "compose.yaml", "service": "api"}
    upstreams = re.search(r"reverse_proxy (.+) \{", (DEPLOY / "Caddyfile").read_text())[1].split()
    assert upstreams == [f"{name}:8765" for name in APIS]
    for name in APIS:
        allowed = resolved(CLUSTER["services"][name]["environment"]["SEGUE_ALLOWED_HOSTS"]).split(",")
        assert allowed == ["localhost", *APIS]
    assert set(CLUSTER["services"]["caddy"]["networks"]) <= set(COMPOSE["networks"])


@pytest.fixture(scope="module")
def bake():
    """The targets of docker-bake.hcl by name, with those that they inherit from."""
    with (DEPLOY / "docker-bake.hcl").open() as file:
        read = json.loads(json.dumps(hcl2.load(file)).replace('\\"', ""))
    return {name: target for block in read["target"] for name, target in block.items()}


def test_bake_builds_every_image_for_both_architectures(bake):
    """There is a target for each Dockerfile, with the build arguments that it knows and the project's version."""
    common = bake.pop("common")
    assert common["platforms"] == ["linux/amd64", "linux/arm64"]
    assert any("sbom" in each for each in common["attest"])

    assert set(bake) == set(DOCKERFILES)
    for name, target in bake.items():
        assert ROOT / target["dockerfile"] == DOCKERFILES[name]
        assert target["inherits"] == ["common"]
        known = set(re.findall(r"^ARG (\w+)", DOCKERFILES[name].read_text(), flags=re.MULTILINE))
        assert {*target.get("args", {}), *common["args"]} >= known
    assert f'variable "VERSION" {{ default = "{PROJECT["version"]}" }}' in (DEPLOY / "docker-bake.hcl").read_text()
