"""Wheels and environments, with the host's real pip, uv and wheels of a few bytes each."""

import subprocess
import zipfile

import pytest

from suite.base.errors import SetupError
from suite.measure.engine import Settings, ensure_environment
from suite.measure.engine.environment import STAMP, fetch_wheels, requirements_digest


def wheel(directory, name, version):
    stem = f"{name}-{version}"
    with zipfile.ZipFile(directory / f"{stem}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"version = {version!r}\n")
        info = f"{stem}.dist-info"
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Where pip looks: a directory, and nothing else."""
    path = tmp_path / "shop"
    path.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path))
    wheel(path, "torch", "9.9+cpu")
    wheel(path, "torch", "9.9")
    wheel(path, "helper", "1.0")
    wheel(path, "uv", "9.0")
    return path


@pytest.fixture
def settings(tmp_path):
    images = tmp_path / "repository" / "images" / "cpu-test"
    images.mkdir(parents=True)
    (images / "torch.txt").write_text("torch==9.9\n")
    (images / "requirements.txt").write_text("# pinned\nhelper==1.0\n")
    (images / "uv.txt").write_text("uv==9.0\n")
    return Settings(
        repository=tmp_path / "repository",
        environments=tmp_path / "repository",
        cache=tmp_path / "cache",
        torch_index="http://127.0.0.1:9/",
    )


def images(settings):
    return settings.repository / "images" / "cpu-test"


def test_the_cpu_build_is_taken_and_nothing_is_fetched_twice(shop, settings):
    said = []
    wheels = fetch_wheels(images(settings), said.append, settings=settings)
    names = sorted(path.name for path in wheels.glob("*.whl"))
    assert names == [
        "helper-1.0-py3-none-any.whl",
        "torch-9.9+cpu-py3-none-any.whl",
        "uv-9.0-py3-none-any.whl",
    ]
    assert len(said) == 2
    for path in shop.iterdir():
        path.unlink()
    assert fetch_wheels(images(settings), said.append, settings=settings) == wheels
    assert len(said) == 2


def test_a_fetch_that_was_cut_is_taken_up_again(shop, settings):
    wheels = fetch_wheels(images(settings), print, settings=settings)
    (wheels / STAMP).unlink()
    (wheels / "helper-1.0-py3-none-any.whl").unlink()
    assert fetch_wheels(images(settings), print, settings=settings) == wheels
    assert (wheels / "helper-1.0-py3-none-any.whl").exists()


def test_without_a_cpu_build_the_refusal_says_what_to_set(shop, settings):
    (shop / "torch-9.9+cpu-py3-none-any.whl").unlink()
    with pytest.raises(SetupError) as caught:
        fetch_wheels(images(settings), print, settings=settings)
    assert caught.value.code == "torch-cpu-unavailable"
    assert "TORCH_INDEX" in caught.value.hint


def test_a_package_that_nobody_has_is_named(shop, settings):
    (images(settings) / "requirements.txt").write_text("helper==2.0\n")
    with pytest.raises(SetupError) as caught:
        fetch_wheels(images(settings), print, settings=settings)
    assert caught.value.code == "wheels-unavailable"
    assert "helper==2.0" in caught.value.message


@pytest.mark.slow
def test_an_environment_is_made_once_and_again_when_a_pin_changes(shop, settings):
    python = ensure_environment("test", print, settings=settings)
    told = [str(python), "-c", "import torch, helper; print(torch.version, helper.version)"]
    assert subprocess.check_output(told, text=True) == "9.9+cpu 1.0\n"
    said = []
    assert ensure_environment("test", said.append, settings=settings) == python
    assert said == []
    wheel(shop, "helper", "2.0")
    (images(settings) / "requirements.txt").write_text("helper==2.0\n")
    ensure_environment("test", said.append, settings=settings)
    assert subprocess.check_output(told, text=True) == "9.9+cpu 2.0\n"


@pytest.mark.slow
def test_a_link_to_a_stale_environment_is_replaced_and_its_target_left(shop, settings, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / STAMP).write_text("of other pins")
    link = settings.environments / ".venv-test"
    link.symlink_to(elsewhere)
    python = ensure_environment("test", print, settings=settings)
    assert python.exists()
    assert not link.is_symlink()
    assert [path.name for path in elsewhere.iterdir()] == [STAMP]


def test_missing_requirements_are_named(settings):
    with pytest.raises(SetupError) as caught:
        ensure_environment("other", print, settings=settings)
    assert caught.value.code == "requirements-missing"


def test_the_digest_covers_the_files(settings):
    before = requirements_digest(images(settings))
    (images(settings) / "torch.txt").write_text("torch==9.8\n")
    assert requirements_digest(images(settings)) != before
