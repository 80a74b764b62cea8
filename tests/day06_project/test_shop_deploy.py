"""The shop's files for production: nginx in front of gunicorn, systemd, compose.

Begin with test_the_proxy_passes_the_visitor_on.
"""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
from flask_migrate import upgrade

from day06_project import shop
from tests.day06_project.helpers import process, wait_for
from tests.day06_project.stacks import closing_apps
from tests.helpers import ROOT, free_port

DEPLOY = Path(shop.__file__).parent / "deploy"

pytestmark = pytest.mark.second_half


def nginx_configuration(folder, port, upstream):
    """Wrap the lesson's site for a run without root, with ports and paths of its own."""
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "http://127.0.0.1:8000": f"http://127.0.0.1:{upstream}",
        "/srv/shop/day06_project/shop": str(DEPLOY.parent),
    }.items():
        assert old in site
        site = site.replace(old, new)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error; worker_processes 1;\n"
        "events {}\n"
        f"http {{ include /etc/nginx/mime.types; access_log off; {temporary}\n{site}}}\n"
    )
    return path


@contextmanager
def running(tmp_path):
    """Start gunicorn with one thread, and nginx before it; give both URLs."""
    program = shutil.which("nginx") or pytest.skip("nginx is not installed")
    port, upstream = free_port(), free_port()
    folder = tmp_path / "data"
    environ = os.environ | {
        "SECRET_KEY": "k" * 32,
        "INSTANCE_PATH": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/shop.db",
        "TRUSTED_PROXIES": "1",
        "BIND": f"127.0.0.1:{upstream}",
        "WEB_CONCURRENCY": "1",
        "WEB_THREADS": "1",
    }
    with closing_apps() as built:
        app = built("testing", DATA_FOLDER=folder, DATABASE_URL=environ["DATABASE_URL"])
        with app.app_context():
            upgrade()
    configuration = nginx_configuration(tmp_path, port, upstream)
    command = [sys.executable, "-m", "gunicorn", "-c", "day06_project/gunicorn.conf.py"]
    with ExitStack() as stack:
        out = stack.enter_context(open(tmp_path / "out", "wb"))
        quiet = {"stdout": out, "stderr": out}
        application = "day06_project.wsgi:app"
        stack.enter_context(process(*command, application, cwd=ROOT, env=environ, **quiet))
        stack.enter_context(process(program, "-c", configuration, **quiet))
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: requests.get(f"{url}/api/v1.0/health", timeout=60).ok)
        yield url, port, tmp_path / "out"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with running(tmp_path_factory.mktemp("proxy")) as found:
        yield found


def test_the_proxy_passes_the_visitor_on(proxy):
    url, _, log = proxy
    forged = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    response = requests.get(f"{url}/api/v1.0/goods", headers=forged, timeout=60)
    assert response.status_code == 200
    assert "Strict-Transport-Security" not in response.headers, "a client is not believed"
    assert "</api/v1.0/goods?page=1>" in response.headers["Link"]
    request_id = response.headers["X-Request-ID"]
    wait_for(lambda: request_id in log.read_text())


def test_the_proxy_sends_static_files_itself(proxy):
    url, _, log = proxy
    response = requests.get(f"{url}/static/js/api.js", timeout=60)
    assert response.content == (DEPLOY.parent / "static/js/api.js").read_bytes()
    assert "javascript" in response.headers["Content-Type"]
    assert "X-Request-ID" not in response.headers
    assert "api.js" not in log.read_text()


def test_forty_slow_clients_do_not_occupy_the_only_thread(proxy):
    url, port, _ = proxy
    head = b"POST /api/v1.0/session HTTP/1.1\r\nHost: shop.example\r\n"
    with ExitStack() as stack:
        for number in range(40):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            # Half of them never end their headers, the others never send their body.
            slow.sendall(head + (b"Content-Length: 100\r\n\r\n{" if number % 2 else b"X-Slow: "))
        assert requests.get(f"{url}/api/v1.0/goods", timeout=60).status_code == 200


def test_systemd_accepts_the_service(tmp_path):
    program = shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is not installed")
    unit = (DEPLOY / "shop.service").read_text("utf-8")
    for name in "gunicorn", "flask":
        unit = unit.replace(f"/srv/shop/.venv/bin/{name}", sys.executable)
    path = tmp_path / "shop.service"
    path.write_text(unit)
    found = subprocess.run(
        [program, "verify", path], check=False, capture_output=True, text=True, timeout=60
    )
    assert "shop.service" not in found.stderr, found.stderr


def test_compose_starts_the_migration_before_the_workers():
    yaml = pytest.importorskip("yaml")
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    services = document["services"]
    assert set(services) == {"database", "redis", "migration", "shop", "proxy"}
    for service in services.values():
        assert "image" in service or "build" in service
    condition = services["shop"]["depends_on"]["migration"]["condition"]
    assert condition == "service_completed_successfully"
    built = DEPLOY / services["shop"]["build"]["context"] / services["shop"]["build"]["dockerfile"]
    assert built.samefile(DEPLOY / "Dockerfile")
