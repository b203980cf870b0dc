"""Images that are here alone, and the same image elsewhere."""

import io
import tarfile

import docker
import pytest
from msgspec import UNSET

from suite.base.errors import SetupError
from suite.documents.engine import Image
from suite.measure.engine import Settings
from suite.measure.engine.container.image import ensure_image, image_here

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


def ensure(client, document, tmp_path):
    return ensure_image(
        client,
        document,
        run_directory=tmp_path,
        on_progress=lambda *_, **__: None,
        settings=Settings(),
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
