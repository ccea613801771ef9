"""Settings from the environment, and messages about invalid values."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.domain.errors import NotConfigured
from services.settings import Settings, load_settings
from services.settings.secret_files import is_secret

SECRET = "s3cret-value"  # noqa: S105  looked for in messages


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    monkeypatch.delenv("SEGUE_REDIS_URL", raising=False)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SEGUE_PORT", "eighty", "SEGUE_PORT: Input should be a valid integer"),
        ("SEGUE_PORT", "0", "SEGUE_PORT: Input should be greater than or equal to 1"),
        ("SEGUE_LOG_LEVEL", "loud", "SEGUE_LOG_LEVEL: String should match pattern"),
        ("SEGUE_HALF_LIFE_DAYS", "nan", "SEGUE_HALF_LIFE_DAYS: Input should be a finite number"),
        ("SEGUE_LIBRARY_ROOTS", "/music:films", "SEGUE_LIBRARY_ROOTS: 'films' is not an absolute path"),
        (
            "SEGUE_CORS_ORIGINS",
            "https://a.example/path",
            "SEGUE_CORS_ORIGINS: 'https://a.example/path' is not an origin",
        ),
        ("SEGUE_QDRANT_URL", " ,", "SEGUE_QDRANT_URL: it is empty"),
        (
            "SEGUE_OIDC_ISSUER",
            "http://auth.example",
            "SEGUE_OIDC_ISSUER: 'http://auth.example' is not an HTTPS address",
        ),
        ("SEGUE_OIDC_ISSUER", "https://auth.example", "SEGUE_OIDC_CLIENT_ID: it is required with SEGUE_OIDC_ISSUER"),
        ("SEGUE_QDRANT_URL", "qdrant:6333", "SEGUE_QDRANT_URL: address 1 is not a URL such as http://qdrant:6333"),
        ("SEGUE_QDRANT_URL", f"http://a:6333,http://{SECRET}:x", "SEGUE_QDRANT_URL: address 2 is not a URL"),
        ("SEGUE_QDRANT_URL", f"http://a:6333;{SECRET} http://b", "SEGUE_QDRANT_URL: address 1 is not a URL"),
        ("SEGUE_RATINGS_OF", "a/b", "SEGUE_RATINGS_OF: String should match pattern"),
    ],
)
def test_an_invalid_value_is_one_line_that_names_the_variable(monkeypatch, variable, value, message):
    """The message names the variable and the problem, and quotes no secret."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(NotConfigured) as refused:
        load_settings()

    assert refused.value.detail.startswith(message)
    assert "\n" not in refused.value.detail
    assert SECRET not in refused.value.detail


@pytest.mark.parametrize(("value", "separators"), [(";, / ", (";", " / ")), ("", ()), (" ,;", (";",))])
def test_separators_of_tags_keep_their_spaces(monkeypatch, value, separators):
    """Commas stand between separators; nothing splits no names, and a space alone is none."""
    monkeypatch.setenv("SEGUE_TAG_SEPARATORS", value)

    assert load_settings().tag_rules.separators == separators


def test_the_nodes_of_a_cluster_are_separated_by_commas(monkeypatch):
    """Spaces and repetitions do not matter."""
    monkeypatch.setenv("SEGUE_QDRANT_URL", "http://a:6333, https://b/qdrant ,http://a:6333,")

    assert load_settings().qdrant_urls == ["http://a:6333", "https://b/qdrant"]


def test_the_listener_of_ratings_has_one_form(monkeypatch):
    """Composed, as names of listeners are stored."""
    monkeypatch.setenv("SEGUE_RATINGS_OF", "Re\u0301ne")

    assert load_settings().tag_rules.ratings_of == "R\u00e9ne"


def test_every_invalid_variable_is_named(monkeypatch):
    """Several wrong values are reported together, on one line."""
    monkeypatch.setenv("SEGUE_PORT", "eighty")
    monkeypatch.setenv("SEGUE_RATE_LIMIT", "-1")
    with pytest.raises(NotConfigured, match=r"^SEGUE_PORT: .*; SEGUE_RATE_LIMIT: .*\.$"):
        load_settings()


def test_no_error_of_pydantic_quotes_its_input(monkeypatch):
    """Code that reads the settings directly, such as a notebook, prints no secret either."""
    monkeypatch.setenv("SEGUE_DATABASE_URL", f"mysql://{SECRET}@127.0.0.1/segue")
    with pytest.raises(ValidationError) as refused:
        Settings()

    assert SECRET not in str(refused.value)
    assert "input_value" not in str(refused.value)


def test_arguments_replace_variables(monkeypatch):
    """The option `--port` of `segue up` takes precedence over SEGUE_PORT."""
    monkeypatch.setenv("SEGUE_PORT", "9000")

    assert load_settings().port == 9000
    assert load_settings(port=9001).port == 9001


@pytest.mark.parametrize(
    ("host", "require", "needed"),
    [
        ("127.0.0.1", None, False),
        ("localhost", None, False),
        ("127.0.0.2", None, False),
        ("::1", None, False),
        ("0.0.0.0", None, True),  # noqa: S104  compared, not bound
        ("192.168.0.7", None, True),
        ("music.example", None, True),
        ("127.0.0.1", True, True),
        ("0.0.0.0", False, True),  # noqa: S104
    ],
)
def test_keys_are_required_beyond_loopback(host, require, needed):
    """Addresses that other machines can reach require keys, even if SEGUE_REQUIRE_KEYS is false."""
    assert Settings(host=host, require_keys=require).needs_keys == needed


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"host": "0.0.0.0", "port": 80}, "http://127.0.0.1:80"),  # noqa: S104
        ({"host": "::", "port": 80}, "http://[::1]:80"),
        ({"host": "0:0:0:0:0:0:0:0", "port": 80}, "http://[::1]:80"),
        ({"host": "::1", "port": 80}, "http://[::1]:80"),
        ({"host": "[fd00:0:0::2]", "port": 80}, "http://[fd00::2]:80"),
        ({"host": "fe80::1%eth0", "port": 80}, "http://[fe80::1%eth0]:80"),
        ({"host": "192.168.0.7", "port": 80}, "http://192.168.0.7:80"),
        ({"url": "https://music.example/segue/"}, "https://music.example/segue"),
    ],
)
def test_clients_on_this_machine_find_the_service(values, url):
    """A wildcard address is replaced by loopback; SEGUE_URL takes precedence."""
    assert Settings(**values).service_url == url


def test_host_names_have_no_wildcard_and_no_brackets():
    """The names that requests may use: loopback, the host, the host of the URL and the allowed ones."""
    settings = Settings(host="0.0.0.0", url="https://Music.Example", allowed_hosts="[FD00:0::1], radio.example")  # noqa: S104

    assert settings.host_names == {"localhost", "127.0.0.1", "::1", "music.example", "fd00::1", "radio.example"}


SECRETS = [name for name, field in Settings.model_fields.items() if is_secret(field)]
VALUES = {
    "database_url": f"postgresql+psycopg://segue:{SECRET}@postgres/segue",
    "webhook_secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_can_be_in_a_file(monkeypatch, tmp_path, name):
    """The variable with _FILE names the file, and line breaks at its end do not count."""
    value = VALUES.get(name, SECRET)
    (tmp_path / "secret").write_text(f"{value}\n")
    monkeypatch.setenv(f"SEGUE_{name.upper()}_FILE", str(tmp_path / "secret"))
    assert getattr(load_settings(), name).get_secret_value() == value

    monkeypatch.setenv(f"SEGUE_{name.upper()}", f"{value}" if name in VALUES else "another")
    monkeypatch.setenv(f"SEGUE_{name.upper()}_FILE", str(tmp_path / "gone"))
    with pytest.raises(NotConfigured, match=rf"SEGUE_{name.upper()}_FILE: the file '.*gone' cannot be read: No such"):
        load_settings()


def test_a_variable_precedes_a_file(monkeypatch, tmp_path):
    """Arguments precede variables, variables precede files, and only secrets can be in files."""
    for name in ("api_key", "log_level"):
        (tmp_path / name).write_text("from-file")
        monkeypatch.setenv(f"SEGUE_{name.upper()}_FILE", str(tmp_path / name))
    monkeypatch.setenv("SEGUE_API_KEY", "from-variable")

    assert load_settings().client_key == "from-variable"
    assert load_settings(api_key="given").client_key == "given"
    assert load_settings().log_level == "INFO"


def test_the_settings_page_lists_the_secrets():
    """docs/settings.md names each setting that can be in a file."""
    page = (Path(__file__).parents[3] / "docs/settings.md").read_text(encoding="utf-8")
    paragraph = page[page.index("A secret can be in a file") : page.index("`python tests/unit/test_docs.py`")]

    assert all(f"`SEGUE_{name.upper()}`" in paragraph for name in SECRETS)
