"""Shared fixtures: no network but loopback, no writes outside temporary folders."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from pytest_socket import disable_socket, socket_allow_hosts

# A shell that runs the tests in the background makes them ignore Ctrl-C, and whatever they start inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forbid real network calls; tests marked `network` may use loopback."""
    if item.get_closest_marker("network"):
        socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def _private_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own cache folder, no chat-model keys and no model hub."""
    monkeypatch.setenv("TPUGEN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    # Python processes under test see the installed package, not the folder `tpugen` of the checkout that they start in.
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared_liberty() -> Path | None:
    """Folder of extra Liberty files (`TPUGEN_TEST_LIBERTY_DIR`, else ../shared/liberty beside the checkout), if any."""
    override = os.environ.get("TPUGEN_TEST_LIBERTY_DIR")
    folder = Path(override) if override else Path(__file__).resolve().parents[2] / "shared" / "liberty"
    return folder if folder.is_dir() else None
