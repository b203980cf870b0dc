"""A witnessed run: the load client here, the scripted server as a vendor's, and its own log held against the client's."""

import json
import signal

import pytest

from suite.base import jsonio
from tests.cases.bundle_verify.cases import REVIEWER, VENDOR_A, entry
from tests.factories import runs

pytestmark = pytest.mark.slow  # whole runs; none of them needs Docker, so once is enough


@pytest.fixture
def keys(tmp_path):
    for name, key in (("vendor", VENDOR_A), ("reviewer", REVIEWER)):
        path = tmp_path / f"{name}.pem"
        path.write_bytes(key.to_pem())
        path.chmod(0o600)
    listed = [entry(VENDOR_A, "cpu"), entry(REVIEWER, "alice", "reviewer")]
    (tmp_path / "keys.json").write_bytes(jsonio.pretty({"trust_schema": 1, "keys": listed}))
    return tmp_path


def test_a_vendors_server_is_witnessed_from_here(tmp_path, keys):
    truth = tmp_path / "server.jsonl"
    server = runs.start("sim", "--port", "0", "--cheat", "honest", "--truth", truth)
    try:
        address = server.stdout.readline().split()[1]
        done = runs.suite(
            *("witness", "--url", address, "--model", "mini", "--profile", runs.profile(tmp_path)),
            *("--run-out", tmp_path / "run", "--card-key", keys / "vendor.pem"),
            *("--key", keys / "reviewer.pem", "--server-log", truth, "--quiet"),
        )
    finally:
        runs.end(server, signal.SIGINT)
    assert done.returncode == 0, done.stderr
    assert "witnessed   http://127.0.0.1" in done.stdout
    statement = tmp_path / "run.witness.sigstore.json"
    words = ("verify", tmp_path / "run", "--trust", keys / "keys.json", "--json")
    steps = json.loads(runs.suite(*words, "--statement", statement).stdout)["steps"]
    level = next(step for step in steps if step["what"].startswith("Its level"))
    own = ", whose server answered on the witness's own machine or through a tunnel"
    assert level["detail"] == f"witnessed: witnessed by alice{own}"
    card = json.loads((tmp_path / "run" / "scorecard.json").read_bytes())["predicate"]
    check = next(check for check in card["checks"] if check["rule"] == "R105")
    assert (check["outcome"], "of the time to first token" in check["why"]) == ("pass", True)
