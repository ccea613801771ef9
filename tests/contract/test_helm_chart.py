"""The Helm chart of deploy/helm, rendered by Helm itself without a cluster, for ten sets of values.

Each object conforms to the schemas of Kubernetes, of the oldest version that the chart accepts and of the newest known
one. Custom resources conform to the small schemas in deploy/helm/schemas.
"""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from services.settings import Settings
from services.settings.secret_files import is_secret
from services.tasks.queue import ROUTES
from workers.app import MAX_MEMORY_PER_CHILD, SOFT_SHUTDOWN_SECONDS

pytest.importorskip("helm_python", reason="its wheel for Linux is for x86-64 only")

import helm_python
import kubernetes_validate

from tests.fakes.helm_chart import CHART, EXAMPLES, HELM, NAMESPACE, RELEASE, of_kind, pods, render, rendered

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SERVICES = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CUSTOM = {path.stem: json.loads(path.read_text()) for path in (HELM / "schemas").glob("*.json")}
METADATA = yaml.safe_load((CHART / "Chart.yaml").read_text())
OLDEST = re.search(r"\d+\.\d+", METADATA["kubeVersion"])[0]
UNITS = {"Mi": 2**20, "Gi": 2**30, "m": 2**20, "g": 2**30}  # of Kubernetes and of Compose
SECRETS = {f"SEGUE_{name.upper()}" for name, field in Settings.model_fields.items() if is_secret(field)}
MINIMAL = EXAMPLES["minimal"]

every_example = pytest.mark.parametrize("example", EXAMPLES)


def memory(quantity):
    number, unit = re.fullmatch(r"(\d+)(\w+)", quantity).groups()
    return int(number) * UNITS[unit]


def environment(container):
    return {each["name"]: each.get("value") for each in container["env"]}


def container_of(objects, component):
    (container,) = dict(pods(objects))[component]["spec"]["containers"]
    return container


def selects(selector, labels):
    """Evaluate a label selector."""
    fits = all(labels.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    for each in selector.get("matchExpressions", []):
        fits &= (labels.get(each["key"]) in each["values"]) == (each["operator"] == "In")
    return fits


@every_example
def test_helm_lints_the_chart(example):
    """`helm lint --strict` has nothing to say but that a chart may have an icon."""
    report = helm_python.lint(CHART, EXAMPLES[example], strict=True)

    assert report["errors"] == []
    assert [each["error"] for each in report["messages"]] == ["icon is recommended"]


@every_example
def test_objects_conform_to_the_schemas(example):
    """Objects are valid in the oldest and the newest Kubernetes, without unknown fields; names are unique."""
    objects = rendered(example)
    for each in objects:
        if schema := CUSTOM.get(each["kind"].lower()):
            jsonschema.validate(each, schema)
        else:
            for version in (OLDEST, kubernetes_validate.latest_version()):
                kubernetes_validate.validate(each, version, strict=True)

    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(set(names)) == len(names)


def test_every_custom_resource_is_rendered():
    """Each schema in deploy/helm/schemas is used by an example."""
    kinds = {each["kind"].lower() for example in EXAMPLES for each in rendered(example)}

    assert set(CUSTOM) <= kinds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"secret": {"name": ""}}, "secret"),
        ({"secret": {"keys": ["SEGUE_DATABASE_URL"]}}, "secret"),
        ({"music": {"volume": {}}}, "music"),
        ({"music": {"volume": None}}, "music"),
        ({"settings": {"SEGUE_REDIS_URL": "redis://:password@redis/0"}}, "SEGUE_REDIS_URL"),
        ({"settings": {"SEGUE_API_PROCESSES": 4}}, "SEGUE_API_PROCESSES"),
        ({"settings": {"LOG_LEVEL": "DEBUG"}}, "LOG_LEVEL"),
        ({"api": {"replica": 3}}, "replica"),
        ({"api": {"replicas": -1}}, "replicas"),
        ({"watcher": {"replicas": 2}}, "watcher"),
        ({"ingress": {"enabled": True}}, "ingress"),
        ({"images": {"api": {"digest": "latest"}}}, "digest"),
        ({"qdrant": {"url": "qdrant:6333"}}, "url"),
        ({"workers": {"worker": {"autoscaling": {"enabled": True}}}}, "prometheusUrl"),
    ],
)
def test_wrong_values_are_refused(changes, message):
    """Helm refuses values that the chart cannot use, and names the value."""
    values = {**MINIMAL, **{name: {**MINIMAL.get(name, {}), **change} for name, change in changes.items()}}

    with pytest.raises(helm_python.HelmError, match=message):
        render(values)


@every_example
def test_pods_are_hardened(example):
    """No pod runs as root, can gain rights, writes its root, talks to Kubernetes or uses memory without limit."""
    for component, pod in pods(rendered(example)):
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        assert spec["automountServiceAccountToken"] is False, component
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert spec["topologySpreadConstraints"]
        assert not any(each.get("value", "").count("://:") for each in container["env"]), "no secret in a variable"


@every_example
def test_references_lead_to_objects(example):
    """Selectors select pods of the release; volumes, ports, claims and targets of scaling exist."""
    objects = rendered(example)
    labels = [pod["metadata"]["labels"] for _, pod in pods(objects)]
    for each in objects:
        spec = each.get("spec", {})
        for selector in (spec.get("selector"), spec.get("podSelector")):
            if selector:
                by_labels = (
                    selector if {"matchLabels", "matchExpressions"} & set(selector) else {"matchLabels": selector}
                )
                assert any(selects(by_labels, found) for found in labels), each["metadata"]["name"]
        if target := spec.get("scaleTargetRef"):
            scaled = of_kind(objects, "Deployment")[target["name"].removeprefix(f"{RELEASE}-")]
            assert "replicas" not in scaled["spec"]
    own = {kind: {each["metadata"]["name"] for each in of_kind(objects, kind).values()} for kind in ("ConfigMap",)}
    for _, pod in pods(objects):
        spec, (container,) = pod["spec"], pod["spec"]["containers"]
        claims = {"storage"} if container["name"] == "qdrant" else set()
        volumes = {each["name"] for each in spec["volumes"]} | claims
        assert {each["name"] for each in container["volumeMounts"]} == volumes
        assert {each["configMap"]["name"] for each in spec["volumes"] if "configMap" in each} <= own["ConfigMap"]
        assert all(
            selects(each["labelSelector"], pod["metadata"]["labels"]) for each in spec["topologySpreadConstraints"]
        )
        named = {each["name"] for each in container.get("ports", [])}
        used = {
            probe["httpGet"]["port"] for key, probe in container.items() if key.endswith("Probe") and "httpGet" in probe
        }
        assert used <= named


@every_example
def test_variables_are_settings(example):
    """Each SEGUE_* variable is a setting, and those of the Secret are read from mounted files."""
    known = {f"SEGUE_{name.upper()}" for name in Settings.model_fields}
    for component, pod in pods(rendered(example)):
        (container,) = pod["spec"]["containers"]
        if component == "qdrant":
            continue
        variables = environment(container)
        from_files = {name.removesuffix("_FILE") for name in variables if name.endswith("_FILE")}
        assert {name.removesuffix("_FILE") for name in variables if name.startswith("SEGUE_")} <= known
        assert from_files <= SECRETS
        (secret,) = (each["secret"] for each in pod["spec"]["volumes"] if each["name"] == "secret")
        assert {each["path"] for each in secret["items"]} == from_files
        assert all(variables[f"{name}_FILE"] == f"/run/secrets/segue/{name}" for name in from_files)


def test_settings_of_a_pod_come_from_the_secret(tmp_path, monkeypatch):
    """Segue reads the files of the Secret where the pod mounts them."""
    for name in ("SEGUE_DATABASE_URL", "SEGUE_REDIS_URL", "SEGUE_QDRANT_API_KEY"):
        (tmp_path / name).write_text(f"redis://{name.lower()}" if name == "SEGUE_REDIS_URL" else f"sqlite:///{name}")
    for name, value in environment(container_of(rendered("minimal"), "worker")).items():
        monkeypatch.setenv(name, value.replace("/run/secrets/segue", str(tmp_path)))
    settings = Settings()

    assert settings.database_url.get_secret_value() == "sqlite:///SEGUE_DATABASE_URL"
    assert settings.redis_url.get_secret_value() == "redis://segue_redis_url"
    assert settings.qdrant_api_key.get_secret_value() == "sqlite:///SEGUE_QDRANT_API_KEY"
    assert len(settings.qdrant_urls) == 3
    assert settings.library_roots == ("/music",)


def test_values_take_every_setting_but_secrets():
    """`settings` refuses secrets, and what other values of the chart set."""
    names = {f"SEGUE_{name.upper()}" for name in Settings.model_fields}
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]
    validator = jsonschema.Draft202012Validator(schema)

    assert {name for name in names if not validator.is_valid({name: "x"})} == SECRETS | {
        "SEGUE_API_PROCESSES",
        "SEGUE_API_THREADS",
        "SEGUE_ALLOWED_HOSTS",
        "SEGUE_DATA_DIR",
        "SEGUE_QDRANT_URL",
        "SEGUE_QDRANT_REPLICATION",
    }


@pytest.mark.parametrize("component", ["worker", "indexer", "questions", "scheduler", "watcher"])
def test_commands_are_those_of_compose(component):
    """A container runs the same command and the same check as in compose.yaml."""
    container, service = container_of(rendered("minimal"), component), SERVICES[component]
    kind, *check = service["healthcheck"]["test"]

    assert [word for word in container["command"] if not word.startswith("--processes=")] == [
        word for word in service["command"] if not word.startswith("--processes=")
    ]
    wanted = ["sh", "-c", check[0].replace("$$", "$")] if kind == "CMD-SHELL" else check
    assert container["startupProbe"]["exec"]["command"] == wanted
    assert memory(container["resources"]["limits"]["memory"]) == memory(
        re.sub(r"\$\{\w+:-(\w+)\}", r"\1", service["deploy"]["resources"]["limits"]["memory"])
    )


def test_every_queue_is_served():
    """Together the workers serve all queues."""
    queues = [worker["queues"] for worker in yaml.safe_load((CHART / "values.yaml").read_text())["workers"].values()]

    assert sorted(",".join(queues).split(",")) == sorted({route["queue"] for route in ROUTES.values()})


@pytest.mark.parametrize(("code", "alive"), [(0, True), (1, False), (3, True)])
def test_a_worker_is_not_restarted_for_the_broker(tmp_path, code, alive):
    """The liveness check fails if the worker is unhealthy, and passes if only the broker does not respond."""
    (tmp_path / "python").write_text(f"#!/bin/sh\nexit {code}\n")
    (tmp_path / "python").chmod(0o755)
    check = container_of(rendered("minimal"), "worker")["livenessProbe"]["exec"]["command"]

    done = subprocess.run(["/bin/sh", *check[1:]], env={"PATH": str(tmp_path)}, check=False)

    assert (done.returncode == 0) == alive


@every_example
def test_limits_fit_the_code(example):
    """Memory suffices for what each child may use, and a pod has the time that its processes take to stop."""
    objects = rendered(example)
    for component in ("worker", "indexer", "questions"):
        container = container_of(objects, component)
        processes = int(container["command"][-1].removeprefix("--processes="))
        limit = memory(container["resources"]["limits"]["memory"])
        assert limit > processes * MAX_MEMORY_PER_CHILD * 1024, component
        assert dict(pods(objects))[component]["spec"]["terminationGracePeriodSeconds"] > 2 * SOFT_SHUTDOWN_SECONDS
    api = dict(pods(objects))["api"]["spec"]
    graceful = int(re.search(r"^graceful_timeout = (\d+)", (DEPLOY / "gunicorn_conf.py").read_text(), re.MULTILINE)[1])
    pause = int(api["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert api["terminationGracePeriodSeconds"] > graceful + pause


def test_requests_reach_the_api_by_its_own_names(monkeypatch):
    """A pod accepts its address, which probes and Prometheus use, the names of its Service, and that of the Ingress."""
    hosts = environment(container_of(rendered("ingress"), "api"))["SEGUE_ALLOWED_HOSTS"].replace(
        "$(POD_IP)", "10.1.2.3"
    )
    monkeypatch.setenv("SEGUE_ALLOWED_HOSTS", hosts)
    own = f"{RELEASE}-api"

    assert {"10.1.2.3", own, f"{own}.{NAMESPACE}", f"{own}.{NAMESPACE}.svc", "segue.example"} <= Settings().host_names


def test_the_migration_needs_nothing_of_the_release():
    """The job runs before the objects of the release exist, and before new pods replace old ones."""
    job = of_kind(rendered("outside"), "Job")["migration"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert [each["name"] for each in job["spec"]["template"]["spec"]["volumes"]] == ["tmp", "secret"]
    assert container_of(rendered("outside"), "migration")["command"] == ["segue", "migrate"]


def test_the_packaged_chart_renders_the_same(tmp_path):
    """An archive of the chart contains the configuration of Qdrant and the alerts, which are links in the folder."""
    archive = helm_python.package(CHART, destination=tmp_path)

    assert render(EXAMPLES["monitored"], chart=archive) == rendered("monitored")


def test_two_releases_share_a_namespace():
    """All names contain that of the release."""
    assert all(each["metadata"]["name"].startswith("other-") for each in render(EXAMPLES["scaled"], "other"))


def test_versions_agree():
    """The chart has the version of Segue, and runs the Qdrant of compose.yaml."""
    images = {pod["spec"]["containers"][0]["image"] for _, pod in pods(rendered("minimal"))}

    assert METADATA["version"] == METADATA["appVersion"] == PROJECT["version"]
    assert images == {SERVICES[name]["image"] for name in ("api", "worker", "qdrant")}


@pytest.mark.parametrize(
    ("number", "arguments"), [(0, []), (2, ["--bootstrap", "http://music-qdrant-0.music-qdrant:6335"])]
)
def test_qdrant_starts_a_cluster(tmp_path, number, arguments):
    """The first node starts the cluster, and the others join it. Qdrant replaces the shell, so SIGTERM reaches it."""
    (tmp_path / "qdrant").write_text('#!/bin/sh\necho "$$" "$@"\n')
    (tmp_path / "qdrant").chmod(0o755)
    command = container_of(rendered("minimal"), "qdrant")["command"]
    name = f"music-qdrant-{number}"

    with subprocess.Popen(command, cwd=tmp_path, env={"HOSTNAME": name}, stdout=subprocess.PIPE, text=True) as started:
        output = started.communicate()[0]

    assert output.split() == [str(started.pid), "--uri", f"http://{name}.music-qdrant:6335", *arguments]


def test_segue_asks_every_node_of_qdrant():
    """The address has all pods of the set, which keep two copies and have the configuration of deploy/qdrant.yaml."""
    objects = rendered("minimal")
    nodes = of_kind(objects, "StatefulSet")["qdrant"]
    variables = environment(container_of(objects, "api"))

    service, replicas = nodes["spec"]["serviceName"], nodes["spec"]["replicas"]
    wanted = [f"http://{nodes['metadata']['name']}-{number}.{service}:6333" for number in range(replicas)]
    assert (variables["SEGUE_QDRANT_URL"].split(","), variables["SEGUE_QDRANT_REPLICATION"]) == (wanted, "2")
    assert service in {each["metadata"]["name"] for each in of_kind(objects, "Service").values()}
    stored = yaml.safe_load(of_kind(objects, "ConfigMap")["qdrant"]["data"]["production.yaml"])
    assert stored == yaml.safe_load((DEPLOY / "qdrant.yaml").read_text())


def test_an_external_qdrant_replaces_ours():
    """With `qdrant.url` the chart runs no Qdrant, and every process has the address."""
    objects, url = rendered("external-qdrant"), EXAMPLES["external-qdrant"]["qdrant"]["url"]

    assert "qdrant" not in dict(pods(objects))
    assert {environment(pod["spec"]["containers"][0])["SEGUE_QDRANT_URL"] for _, pod in pods(objects)} == {url}


def test_network_policies_close_every_pod():
    """Only the API is open to clients, and Qdrant to the release; nothing else can be reached or reach out at will."""
    objects = rendered("minimal")
    policies = [each["spec"] for each in of_kind(objects, "NetworkPolicy").values()]
    reached = {}
    for component, pod in pods(objects):
        mine = [each for each in policies if selects(each["podSelector"], pod["metadata"]["labels"])]
        assert {kind for each in mine for kind in each["policyTypes"]} == {"Ingress", "Egress"}, component
        reached[component] = [rule for each in mine for rule in each.get("ingress", [])]
        ports = [port["port"] for each in mine for rule in each.get("egress", []) for port in rule["ports"]]
        assert set(ports) == ({53, 6335} if component == "qdrant" else {53, 5432, 6379, 6333}), component

    assert {component for component, rules in reached.items() if rules} == {"api", "qdrant"}
    assert all("from" in rule for rule in reached["qdrant"])


def test_the_monitor_finds_the_api():
    """The ServiceMonitor selects the Service by its labels and port, and sends a key of the Secret."""
    objects = rendered("monitored")
    monitor = of_kind(objects, "ServiceMonitor")["api"]
    service = of_kind(objects, "Service")["api"]
    (endpoint,) = monitor["spec"]["endpoints"]

    assert selects(monitor["spec"]["selector"], service["metadata"]["labels"])
    assert service["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "segue"
    assert endpoint["port"] in {each["name"] for each in service["spec"]["ports"]}
    assert endpoint["authorization"] == {"credentials": {"name": "segue", "key": "metrics-key"}}
    rules = of_kind(objects, "PrometheusRule")["alerts"]
    assert {each["metadata"]["labels"]["release"] for each in (monitor, rules)} == {"kube-prometheus-stack"}
    assert rules["spec"] == yaml.safe_load((DEPLOY / "monitoring" / "alerts.yml").read_text())


def test_the_documentation_shows_the_examples():
    """docs/kubernetes.md names every set of values."""
    text = (ROOT / "docs" / "kubernetes.md").read_text()

    assert {name for name in EXAMPLES if f"`{name}.yaml`" in text} == set(EXAMPLES)
