"""Real proxies with TLS in front of the API, configured as docs/proxies.md says."""

import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import missing
from tests.fakes.installation import running, wait_until
from tests.fakes.serving import ROOT, free_port

PREFIX = "/segue"
"""The path of the examples in docs/proxies.md."""
KINDS = ("nginx", "caddy")

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {site}
}}
"""
CADDY = """
{{
    admin off
    auto_https disable_redirects
    servers {{
        protocols h1 h2
    }}
}}
{site}
"""


@dataclass(frozen=True)
class Proxy:
    """A running proxy: its address, and the file of the certificate that clients must trust."""

    host: str
    """Name and port, as in `localhost:8443`."""
    path: str
    certificate: Path

    @property
    def url(self) -> str:
        """The URL at which the proxy serves Segue, without a slash at the end."""
        return f"https://{self.host}{self.path}"

    def client(self, **options: object) -> httpx.Client:
        """Return an HTTP/2 client that trusts the proxy's certificate."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        return httpx.Client(base_url=self.url, http2=True, verify=trusted, trust_env=False, timeout=60, **options)  # type: ignore[arg-type]


@contextmanager
def proxy(kind: str, api_port: int, folder: Path, path: str = PREFIX) -> Iterator[Proxy]:
    """Run nginx or Caddy in front of the API. With an empty path, it serves Segue at the root.

    The API refuses requests that a proxy forwards without a key, unless `SEGUE_REQUIRE_KEYS` is `false`.
    """
    program = shutil.which(kind, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing(kind)
        raise AssertionError
    certificate, key = _certificate(folder)
    port = free_port()
    site = _site(kind, api_port, port, path).replace("/etc/ssl/music.example.pem", str(certificate))
    site = site.replace("/etc/ssl/music.example.key", str(key))
    if kind == "nginx":
        user = "user root;" if os.geteuid() == 0 else ""  # other users cannot read root's temporary folders
        configuration = NGINX.format(folder=folder, user=user, site=site)
        command = [program, "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    else:
        configuration = CADDY.format(site=site)
        command = [program, "run", "--adapter", "caddyfile", "--config", str(folder / "caddy.conf")]
    (folder / f"{kind}.conf").write_text(configuration, encoding="utf-8")
    own_folders = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(command, folder / f"{kind}.log", own_folders) as process:
        started = Proxy(f"localhost:{port}", path, certificate)

        def is_ready() -> bool:
            assert process.process.poll() is None, process.output
            try:
                with started.client() as client:
                    return client.get("/readyz").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        wait_until(is_ready)
        yield started


def _site(kind: str, api_port: int, port: int, path: str) -> str:
    """Return the example of docs/proxies.md for these ports and this path."""
    language = {"nginx": "nginx", "caddy": "text"}[kind]
    text = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    replaced = {
        "127.0.0.1:8765": f"127.0.0.1:{api_port}",
        "https://music.example {": f"https://localhost:{port} {{\n    bind 127.0.0.1",
        "listen 443": f"listen 127.0.0.1:{port}",
        "server_name music.example": "server_name localhost",
        PREFIX: path,
    }
    site = found[1] if path else found[1].replace(f"redir {PREFIX} {PREFIX}/", "")
    for old, new in replaced.items():
        site = site.replace(old, new)
    return site


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Return a new self-signed certificate for `localhost`, and its key."""
    certificate, key = folder / "localhost.pem", folder / "localhost.key"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key
