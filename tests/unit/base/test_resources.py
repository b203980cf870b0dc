"""Where shipped files lie and where the suite writes, in a checkout and as an installed package."""

import pytest

from suite.base import resources


@pytest.mark.parametrize(
    "name",
    ["vendors/cpu/vendor.yaml", "images/base.sh", "schemas", "suite/assets/mini_model/config.json"],
)
def test_what_travels_is_there(name):
    assert resources.resource(name).exists()


def test_a_checkout_writes_beside_its_sources(root):
    assert not resources.INSTALLED
    assert resources.workspace() == resources.environments() == resources.resource() == root


def test_an_installed_package_is_not_written_to(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "INSTALLED", True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert resources.workspace() == tmp_path
    assert resources.environments() == tmp_path / "cache" / "llm-conformance" / "environments"
    assert resources.resource("schemas").parent.name == "_data"
