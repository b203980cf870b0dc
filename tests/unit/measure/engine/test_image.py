import subprocess
import sys
import tarfile
import urllib.request

import pytest

from suite.base.errors import SetupError
from suite.declare.plan.recipe import CONTEXT_FILES, context, context_digest
from suite.declare.tasks.reference import MINI_MODEL
from suite.documents.engine import Image
from suite.measure.engine import Settings
from suite.measure.engine.container.build import context_archive, wheel_server
from suite.measure.engine.container.image import built_reference
from suite.measure.engine.container.pulling import repository
from suite.measure.engine.served import REPOSITORY


@pytest.mark.parametrize("name", ["cpu-vllm", "cpu-transformers"])
def test_the_images_of_the_repository_have_a_name_of_their_own(name):
    image = Image(
        source="build",
        reference=f"llm-conformance/{name}",
        digest=None,
        build_context=f"images/{name}",
        tarball=None,
        visibility="local",
    )
    digest = context_digest(REPOSITORY / "images" / name)
    assert built_reference(image, Settings()) == f"llm-conformance/{name}:{digest[:12]}"


def test_the_digest_follows_the_content_and_the_archive_holds_no_time(tmp_path):
    for name in CONTEXT_FILES:
        (tmp_path / name).write_text(name)
    before, archive = context_digest(tmp_path), context_archive(context(tmp_path)).read()
    for name in CONTEXT_FILES:
        (tmp_path / name).touch()
    (tmp_path / "stray").write_text("not part of it")
    assert context_digest(tmp_path) == before
    assert context_archive(context(tmp_path)).read() == archive
    with tarfile.open(fileobj=context_archive(context(tmp_path))) as packed:
        assert packed.getnames() == list(CONTEXT_FILES)
        assert {entry.mtime for entry in packed} == {0}
    (tmp_path / "torch.txt").write_text("other")
    assert context_digest(tmp_path) != before


def test_the_simulated_vendors_image_holds_what_its_server_needs_of_the_suite(tmp_path):
    for name, content in context(REPOSITORY / "images" / "sim").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    words = ("--model", MINI_MODEL, "--served-model-name", "mini", "--port", "0")
    log = tmp_path / "imported"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-I", "-v", tmp_path / "serve.py", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as server,
    ):
        first = server.stdout.readline()
        server.terminate()
    assert first.startswith("no model runs; honest at http://127.0.0.1:")
    assert f"{tmp_path}/suite/measure/engine/sim_serve.py" in log.read_text()


def test_a_missing_context_is_named(tmp_path):
    with pytest.raises(SetupError) as caught:
        context_digest(tmp_path)
    assert caught.value.code == "image-context-missing"


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        ("vllm/vllm-openai:v1", "vllm/vllm-openai"),
        ("registry:5000/a/b:v1", "registry:5000/a/b"),
        ("registry:5000/a/b", "registry:5000/a/b"),
        ("busybox", "busybox"),
    ],
)
def test_the_tag_is_not_the_port(reference, wanted):
    assert repository(reference) == wanted


def test_wheels_are_served_on_the_loopback_address_only_while_building(tmp_path):
    (tmp_path / "a.whl").write_bytes(b"wheel")
    with wheel_server(tmp_path) as address:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=5) as page:
            assert b"a.whl" in page.read()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)
