"""Images that are here alone, and the same image elsewhere."""

import contextlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor

import docker
import msgspec
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from suite.base.errors import SetupError, UsageError
from suite.documents.engine import Image
from suite.measure.engine import Settings
from suite.measure.engine.container.image import built_reference, ensure_image, image_here
from suite.measure.engine.container.save import saved
from suite.measure.engine.served import Brought

pytestmark = pytest.mark.container
NAME = "llm-conformance-test-local:1"
NOWHERE = "127.0.0.1:9/nothing:1"


@pytest.fixture(scope="module")
def client():
    engine = docker.from_env()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def identity(client):
    """The id of an image that is on this machine alone."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as empty:
        empty.addfile(tarfile.TarInfo("nothing"))
    repository, _, tag = NAME.partition(":")
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)
    image = client.images.get(NAME)
    yield image.id
    client.images.remove(NAME)


def base(client, name, content):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as files:
        files.addfile(tarfile.TarInfo(content))
    repository, _, tag = name.partition(":")
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=tag)


def image(source, reference, digest=None, mirrors=UNSET):
    return Image(
        source=source,
        reference=reference,
        digest=digest,
        build_context=None,
        tarball=None,
        visibility="local",
        mirrors=mirrors,
    )


def ensure(client, document, tmp_path, settings=None):
    return ensure_image(
        client,
        document,
        run_directory=tmp_path,
        on_progress=lambda *_, **__: None,
        settings=settings or Settings(),
    )


def test_a_local_image_is_taken_by_name_and_by_id(client, identity, tmp_path):
    assert ensure(client, image("local", NAME, identity), tmp_path).id == identity
    assert ensure(client, image("local", identity, identity), tmp_path).id == identity
    assert image_here(client, image("local", NAME))


def test_a_local_image_that_is_another_or_none_is_refused(client, identity, tmp_path):
    with pytest.raises(SetupError) as caught:
        ensure(client, image("local", NAME, "sha256:" + "0" * 64), tmp_path)
    assert caught.value.code == "image-digest-mismatch"
    with pytest.raises(SetupError) as caught:
        ensure(client, image("local", "llm-conformance-test-none:1"), tmp_path)
    assert caught.value.code == "image-unavailable"
    assert not image_here(client, image("local", "llm-conformance-test-none:1"))


@pytest.mark.usefixtures("identity")
def test_a_mirror_is_asked_where_the_reference_does_not_answer(client, tmp_path):
    here = ensure(client, image("registry", NOWHERE, mirrors=(NAME,)), tmp_path)
    assert here.reference == NAME
    with pytest.raises(SetupError) as caught:
        ensure(client, image("registry", NOWHERE, mirrors=("127.0.0.1:10/nothing:1",)), tmp_path)
    assert NOWHERE in caught.value.message
    assert "127.0.0.1:10/nothing:1" in caught.value.render()


def test_an_image_is_built_again_where_its_base_was_made_anew(client, tmp_path):
    name, built = "llm-conformance-test-base:1", "llm-conformance-test-built"
    context = tmp_path / "images" / "tiny"
    context.mkdir(parents=True)
    for file in ("requirements.txt", "torch.txt", "uv.txt"):
        (context / file).write_text("")
    (context / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM ${BASE_IMAGE}\nCOPY uv.txt /opt/\n")
    document = msgspec.structs.replace(image("build", built), build_context="images/tiny")
    settings = Settings(repository=tmp_path, base_image=name)
    base(client, name, "first")
    try:
        first = ensure(client, document, tmp_path, settings)
        assert ensure(client, document, tmp_path, settings).id == first.id
        base(client, name, "second")
        again = ensure(client, document, tmp_path, settings)
        assert again.id != first.id
        assert again.observed.layers[0] == again.observed.base.layers[0]
    finally:
        for tag in [*client.images.get(built_reference(document, settings)).tags, name]:
            client.images.remove(tag, force=True)


def test_a_saved_image_is_loaded_again_and_is_the_same(client, tmp_path):
    name = "llm-conformance-test-offline:1"
    base(client, name, "file")
    declared = image("tarball", name)
    ready = saved(declared, tmp_path, on_progress=lambda *_, **__: None, settings=Settings())
    with ready as (ids, digest, chunks):
        (tmp_path / "image.tar").write_bytes(b"".join(chunks))
    assert ids == {name: digest}
    client.images.remove(name)
    brought = Brought(sha256="0", archive=tmp_path / "image.tar", images=ids, wheels=None)
    settings = Settings(workspace=tmp_path, bundle=brought)
    try:
        assert ensure(client, declared, tmp_path, settings).id == digest
    finally:
        client.images.remove(name)
    with pytest.raises(UsageError) as refused:
        ensure(client, image("tarball", NAME), tmp_path, settings)
    assert refused.value.code == "offline-unfit"


def test_two_who_build_at_once_have_one_image(client, base_image, tmp_path):
    """Agents of one machine: a build is never the same twice, so that the second one has to wait and take the first one's."""
    recipe = tmp_path / "images" / "tried"
    recipe.mkdir(parents=True)
    lines = ("ARG BASE_IMAGE", "FROM ${BASE_IMAGE}", "RUN cat /proc/sys/kernel/random/uuid >/uuid")
    (recipe / "Dockerfile").write_text("\n".join(lines))
    for name in ("requirements.txt", "torch.txt", "uv.txt"):
        (recipe / name).write_text("")
    settings = Settings(repository=tmp_path, cache=tmp_path / "cache", base_image=base_image)
    document = replace(image("build", "llm-conformance-test-built"), build_context="images/tried")

    def build(number):
        place = tmp_path / str(number)
        place.mkdir()
        with contextlib.closing(docker.from_env()) as own:
            return ensure(own, document, place, settings).id

    try:
        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(build, range(2))
        assert first == second
    finally:
        client.images.remove(built_reference(document, settings), force=True)
