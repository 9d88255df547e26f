"""A server does not start with a key that is none."""

from base64 import b64encode
from pathlib import Path

import pytest

from tests.headrace_process import HeadraceProcess

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("changeme", "HEADRACE_SECRET_KEY is not 32 bytes in base64."),
        (
            b64encode(b"changeme" * 4).decode(),
            "HEADRACE_SECRET_KEY is a placeholder or a phrase, which others can guess.",
        ),
    ],
    ids=["too short", "a placeholder"],
)
def test_a_placeholder_for_the_key_ends_the_start_with_a_sentence(tmp_path: Path, key: str, message: str) -> None:
    server = HeadraceProcess(tmp_path, HEADRACE_SECRET_KEY=key)

    with pytest.raises(RuntimeError, match="did not get ready"):
        server.start()

    assert server.returncode == 1
    assert f"headrace: {message} Draw one: " in server.log()
    assert key not in server.log()
