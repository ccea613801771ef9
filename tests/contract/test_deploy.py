"""The images and compose.yaml are valid, pass their linters and agree with the code.

These tests need no Docker engine; `test_deploy_processes.py` runs the commands of the containers.
"""

import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from services.settings import Settings
from services.settings.secret_files import SUFFIX, is_secret
from services.tasks.queue import DOWNLOAD_TASK, FOLLOW_LINKS_TASK, PUSH_MIXES_TASK, ROUTES, SYNC_LINKS_TASK
from tests.fakes.installation import wait_until
from workers.app import MAX_MEMORY_PER_CHILD, SOFT_SHUTDOWN_SECONDS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.prefix) / "bin"
DOCKERFILES = {path.name.removesuffix(".Dockerfile"): path for path in DEPLOY.glob("*.Dockerfile")}
COMPOSE_TEXT = (DEPLOY / "compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
CONSUMERS = {name: service for name, service in OURS.items() if "worker" in service.get("command", [])}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<operator>:[-?])(?P<word>[^}]*)\}")
FILLED_IN = {"MUSIC": "/srv/music"}
NOT_PASSED = {
    "data_dir, host, watch": "the images and the service `watcher` decide",
    "port": "of the container; API_PORT is the published one",
    "require_keys": "keys are always needed, because the API listens on all addresses",
    "api_key, link_password": "of single commands: `exec --env SEGUE_API_KEY`",
    "qdrant_collection": "the server has only this installation",
    "question_processes": "of `segue up`",
}
UNITS = {"m": 2**20, "g": 2**30}


def instructions(dockerfile):
    """Return the instructions as pairs of a keyword and the rest, with continued lines joined."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def last(dockerfile, word):
    return [rest for instruction, rest in instructions(dockerfile) if instruction == word][-1]


def resolved(text):
    """Replace ${NAME:-default} and ${NAME:?error} as Compose does when .env is filled in."""

    def value(match):
        return FILLED_IN[match["name"]] if match["operator"] == ":?" else match["word"]

    return VARIABLE.sub(value, str(text))


def size(text):
    return int(text[:-1]) * UNITS[text[-1]]


def queues(service):
    return next(word.removeprefix("--queues=") for word in service["command"] if word.startswith("--queues="))


@pytest.fixture
def secrets(tmp_path):
    """The folder of secrets, as make-secrets.sh makes it, by the path in containers."""
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    subprocess.run([tmp_path / "make-secrets.sh"], check=True)
    return {f"/run/secrets/{name}": str(tmp_path / secret["file"]) for name, secret in COMPOSE["secrets"].items()}


def settings_of(service, monkeypatch, secrets):
    image = DOCKERFILES[service["image"].removeprefix("segue-").partition(":")[0]]
    variables = dict(pair.split("=", 1) for pair in last(image, "ENV").split()) | service["environment"]
    for name, value in variables.items():
        if name.startswith("SEGUE_") and value is not None:  # a variable without a value is unset
            given = resolved(value)
            assert given not in secrets or Path(given).name in service["secrets"]
            monkeypatch.setenv(name, secrets.get(given, given))
    return Settings()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize(
    "command",
    [
        (BIN / "hadolint", "--failure-threshold", "style", *DOCKERFILES.values()),
        (BIN / "yamllint", "--strict", "--config-file", DEPLOY / "yamllint.yaml", DEPLOY),
        (
            BIN / "check-jsonschema",
            "--builtin-schema",
            "vendor.compose-spec",
            DEPLOY / "compose.yaml",
            DEPLOY / "compose.outside.yaml",
        ),
    ],
    ids=lambda command: command[0].name,
)
def test_linters_find_nothing(command):
    """Dockerfiles, YAML and the Compose file pass their linters without a warning."""
    done = run(*command)

    assert done.returncode == 0, done.stdout + done.stderr


def test_variables_are_settings():
    """Every SEGUE_* variable in deploy/ is one that Segue reads."""
    known = {f"SEGUE_{name.upper()}" for name in Settings.model_fields}
    known |= {f"SEGUE_{name.upper()}{SUFFIX}" for name, field in Settings.model_fields.items() if is_secret(field)}
    files = [path for path in DEPLOY.iterdir() if path.is_file()]
    used = {name for path in files for name in re.findall(r"\bSEGUE_[A-Z_]+", path.read_text())}

    assert used
    assert used <= known


def test_workers_that_ask_other_servers_may_have_a_route_out():
    """The services whose queues have tasks for links are in compose.outside.yaml, with the folder of the passwords."""
    queues = {ROUTES[task]["queue"] for task in (SYNC_LINKS_TASK, DOWNLOAD_TASK, FOLLOW_LINKS_TASK, PUSH_MIXES_TASK)}
    taken = {name: service["command"][2].removeprefix("--queues=").split(",") for name, service in CONSUMERS.items()}
    asking = {name for name, names in taken.items() if queues.intersection(names)}
    added = yaml.safe_load((DEPLOY / "compose.outside.yaml").read_text())

    assert set(added["services"]) == asking
    for name, service in added["services"].items():
        assert set(service["networks"]) == {"backend", *added["networks"]}
        volumes = [*SERVICES[name].get("volumes", []), *service.get("volumes", [])]
        assert [each["source"] for each in volumes if each["target"] == "/data"] == ["uploads"]


@pytest.mark.parametrize("name", OURS)
def test_environment_selects_servers(name, monkeypatch, secrets):
    """The settings of each container name the broker, the catalogue and the index in compose.yaml."""
    settings = settings_of(OURS[name], monkeypatch, secrets)
    broker_password, database_password, index_key = (
        Path(secrets["/run/secrets/database_url"]).with_name(each).read_text()
        for each in ("broker_password", "database_password", "index_key")
    )

    urls = [settings.redis_url.get_secret_value(), settings.database_url.get_secret_value(), settings.qdrant_url]
    reached = [make_url(url) for url in urls]
    assert [url.host for url in reached] == ["redis", "postgres", "qdrant"]
    assert [url.password for url in reached] == [broker_password, database_password, None]
    assert settings.qdrant_api_key.get_secret_value() == index_key
    assert len({broker_password, database_password, index_key}) == 3
    assert min(map(len, (broker_password, database_password, index_key))) >= 48
    assert all(set(SERVICES[url.host]["networks"]) & set(OURS[name]["networks"]) for url in reached)
    assert (reached[1].username, reached[1].database) == ("segue", "segue")  # of postgres-init.sh


def test_secrets_are_private_and_kept(secrets, tmp_path):
    """Only the owner enters the folder, containers read the files, and a second run keeps passwords."""
    folder = tmp_path / "secrets"
    made = {path.name: path.read_text() for path in folder.iterdir()}
    subprocess.run([tmp_path / "make-secrets.sh"], check=True)

    assert {path.name: path.read_text() for path in folder.iterdir()} == made
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o644}
    assert all(Path(path).is_file() for path in secrets.values())
    assert yaml.safe_load(made["index.yaml"]) == {"service": {"api_key": made["index_key"]}}
    for service in SERVICES.values():  # each mounted secret exists, and none is a variable
        names = {each if isinstance(each, str) else each["source"] for each in service.get("secrets", [])}
        assert names <= set(COMPOSE["secrets"])
        assert not [name for name in service.get("environment", ()) if re.search("PASSWORD$|SECRET$|API_KEY$", name)]


def test_every_setting_reaches_a_container():
    """A setting is passed on, or there is a reason why not."""
    excluded = {f"SEGUE_{name.upper()}" for names in NOT_PASSED for name in names.split(", ")}
    settings = {f"SEGUE_{name.upper()}" for name in Settings.model_fields}
    names = [name for service in OURS.values() for name in service["environment"]]
    passed = {name if name in settings else name.removesuffix(SUFFIX) for name in names}

    assert settings - passed == excluded
    assert passed <= settings


def test_example_names_every_variable():
    """deploy/.env.example has each variable of compose.yaml with its default, and no secret has a default."""
    used = {
        match["name"]: match["word"] if match["operator"] == ":-" else "" for match in VARIABLE.finditer(COMPOSE_TEXT)
    }
    text = (DEPLOY / ".env.example").read_text()
    example = dict(re.findall(r"^(\w+)=(.*)$", text, flags=re.MULTILINE))
    unset = {name for service in OURS.values() for name, value in service["environment"].items() if value is None}
    required = {match["name"] for match in VARIABLE.finditer(COMPOSE_TEXT) if match["operator"] == ":?"}

    assert example == used
    assert sorted(re.findall(r"^# (\w+)=$", text, flags=re.MULTILINE)) == sorted(unset)
    assert required == set(FILLED_IN)
    assert not any(used[name] for name in required)


def test_optional_settings_are_passed_to_the_api(monkeypatch, secrets):
    """Limits and origins reach the API, with the defaults of the settings."""
    wanted = {"rate_limit", "expensive_rate_limit", "refusal_rate_limit", "upload_max_bytes", "cors_origins"}
    settings = settings_of(SERVICES["api"], monkeypatch, secrets)

    assert {f"SEGUE_{name.upper()}" for name in wanted} <= set(SERVICES["api"]["environment"])
    assert {name: getattr(settings, name) for name in wanted} == {
        name: getattr(Settings.model_construct(), name) for name in wanted
    }


def test_the_documented_backup_uses_segue_backup():
    """The README backs up with `segue backup`, because a copy of a running server's volume may be inconsistent."""
    assert "exec --no-TTY api segue backup - > segue.zip" in (DEPLOY / "README.md").read_text()


def test_every_queue_is_served():
    """Together the workers serve all queues, and each health check covers the queues of its worker."""
    served = [queue for service in CONSUMERS.values() for queue in queues(service).split(",")]

    assert sorted(served) == sorted({route["queue"] for route in ROUTES.values()})
    for service in CONSUMERS.values():
        assert service["healthcheck"]["test"][-1] == queues(service)


def test_one_scheduler():
    """One container runs beat."""
    beats = [name for name, service in OURS.items() if {"beat", "--beat"} & set(service.get("command", []))]

    assert beats == ["scheduler"]
    assert set(SERVICES["scheduler"]["deploy"]) == {"resources"}, "no replicas"


@pytest.mark.parametrize("name", SERVICES)
def test_container_is_hardened(name):
    """A container has a read-only root, no capabilities, limits on memory and processes, and an unprivileged user."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) >= {"memory", "pids"}
    assert name in OURS or service.get("user", "root") != "root" or service["image"].endswith("-unprivileged")
    assert re.search(r":v?\d+\.\d+[\w.-]*$", service["image"]), "pin the image"
    assert "healthcheck" in service or name == "api"


def test_only_the_api_is_reachable():
    """One port is published, on the loopback address; all other containers are on an internal network."""
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    assert [resolved(port) for port in SERVICES["api"]["ports"]] == [f"127.0.0.1:8765:{Settings().port}"]
    assert COMPOSE["networks"]["backend"]["internal"] is True
    assert {name for name, service in SERVICES.items() if service["networks"] != ["backend"]} == {"api"}


def test_api_and_worker_see_the_same_files():
    """API and worker mount the music at one path, read-only, and share the volume of uploads."""
    api, worker = ({mount["target"]: mount for mount in SERVICES[name]["volumes"]} for name in ("api", "worker"))

    assert api["/music"] == worker["/music"]
    assert api["/music"]["read_only"] is True
    assert api["/data"]["source"] == worker["/data"]["source"] == "uploads"
    assert "read_only" not in api["/data"]
    assert "SEGUE_DATA_DIR=/data" in last(DOCKERFILES["api"], "ENV").split()
    assert "SEGUE_DATA_DIR=/data" in last(DOCKERFILES["worker"], "ENV").split()


def test_limits_fit_the_code(monkeypatch, secrets):
    """Docker waits longer than a soft shutdown takes, and memory limits allow what each child may use."""
    for name, service in CONSUMERS.items():
        assert float(service["stop_grace_period"].rstrip("s")) > 2 * SOFT_SHUTDOWN_SECONDS, name
    limit = size(resolved(SERVICES["worker"]["deploy"]["resources"]["limits"]["memory"]))
    assert limit > settings_of(SERVICES["worker"], monkeypatch, secrets).worker_processes * MAX_MEMORY_PER_CHILD * 1024
    assert size(SERVICES["indexer"]["deploy"]["resources"]["limits"]["memory"]) > MAX_MEMORY_PER_CHILD * 1024


def test_versions_agree():
    """Images have the project's version, and Qdrant's server is within one minor version of its client."""
    assert {service["image"].partition(":")[2] for service in OURS.values()} == {PROJECT["version"]}

    client = re.search(r"^qdrant-client==(\d+)\.(\d+)", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
    server = re.search(r":v(\d+)\.(\d+)", SERVICES["qdrant"]["image"])
    assert client[1] == server[1]
    assert abs(int(client[2]) - int(server[2])) <= 1


def test_qdrant_stores_everything_on_its_volume():
    """All paths of Qdrant are on its volume, because the rest of the container is read-only."""
    storage = yaml.safe_load((DEPLOY / "qdrant.yaml").read_text())["storage"]
    mounts = [mount.split(":")[1] for mount in SERVICES["qdrant"]["volumes"] if mount.startswith("index:")]
    marker = SERVICES["qdrant"]["environment"]["QDRANT_INIT_FILE_PATH"]

    for path in (storage["storage_path"], storage["snapshots_path"], marker):
        assert Path(path).is_relative_to(mounts[0]), path


def test_qdrant_gets_signals_and_open_files(tmp_path):
    """SIGTERM reaches the server, and it may open as many files as the machine allows."""
    command = [word.replace("$$", "$") for word in SERVICES["qdrant"]["command"]]
    server = tmp_path / "qdrant"
    server.write_text("#!/bin/sh\nulimit -Sn > limit\necho $$ > pid\nexec sleep 60\n")
    server.chmod(0o755)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 2048)

    with subprocess.Popen(
        command,
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, wanted)),  # noqa: PLW1509  no threads
    ) as process:
        wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "")
        assert int((tmp_path / "pid").read_text()) == process.pid
        process.terminate()
        assert process.wait(30) == -signal.SIGTERM
    assert int((tmp_path / "limit").read_text()) == wanted
    assert "ulimits" not in SERVICES["qdrant"], "Docker refuses a limit above that of the machine"


def test_a_dead_resolver_delays_nothing_for_long():
    """Every container gives up a name after one second; the defaults are two attempts of 5 s."""
    assert {tuple(service["dns_opt"]) for service in SERVICES.values()} == {("timeout:1", "attempts:1")}
