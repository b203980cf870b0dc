"""The shipped declarations, and what becomes of names that do not exist."""

from pathlib import Path

import pytest

from suite.base import schema, yamlio
from suite.base.errors import DeclarationError, UsageError
from suite.declare.vendor.load import VENDOR_DIRECTORY, check_vendor, list_vendors, load_vendor

CASES = Path(__file__).resolve().parents[3] / "cases" / "vendor"


@pytest.mark.parametrize("name", list_vendors())
def test_shipped_declaration_is_in_order(name):
    assert [str(problem) for problem in check_vendor(VENDOR_DIRECTORY / name)] == []
    vendor = load_vendor(name)
    assert vendor.id == name
    assert len(vendor.sha256) == 64


def test_the_three_vendors_are_shipped():
    assert {"cpu", "mthreads", "nvidia"} <= set(list_vendors())
    mthreads = load_vendor("mthreads")
    assert [engine.id for engine in mthreads.doc.engines] == ["vllm_mtt", "vllm_musa"]
    assert load_vendor("cpu").engine().id == "vllm"
    assert load_vendor("cpu").can_run_as_process("transformers")
    assert not load_vendor("nvidia").can_run_as_process()


@pytest.mark.parametrize("name", ["cpu"])
def test_build_contexts_and_requirements_exist(name, root):
    for engine in load_vendor(name).doc.engines:
        for image in engine.images:
            if image.build:
                assert (root / image.build.context / "Dockerfile").is_file()
        assert (root / engine.process.requirements).is_file()


def test_unknown_vendor_names_the_nearest():
    with pytest.raises(UsageError) as refused:
        load_vendor("mthread")
    assert refused.value.code == "vendor-unknown"
    assert "did you mean 'mthreads'?" in refused.value.hint
    assert "nvidia" in refused.value.hint
    assert refused.value.exit_status == 2


def test_a_path_with_a_slash_is_a_vendor_anywhere(tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    with pytest.raises(UsageError) as refused:
        load_vendor(str(directory))
    assert refused.value.code == "vendor-unknown"
    assert "vendor.yaml is no file" in refused.value.message
    file = directory / "vendor.yaml"
    file.write_bytes((CASES / "minimal_ok" / "vendor.yaml").read_bytes())
    for path in (str(directory), f"{directory}/", str(file)):
        vendor = load_vendor(path)
        assert (vendor.id, vendor.path) == ("acme", file)
    # A name alone never means a directory that happens to be here.
    with pytest.raises(UsageError):
        load_vendor("acme")
    file.write_bytes((CASES / "several_problems_fail" / "vendor.yaml").read_bytes())
    with pytest.raises(DeclarationError) as wrong:
        load_vendor(str(directory))
    assert wrong.value.problems[0].place.file == str(file)


def test_unknown_engine_accelerator_and_access_name_the_nearest():
    vendor = load_vendor("mthreads")
    with pytest.raises(UsageError, match="there is no engine of mthreads 'vllm_mt'") as refused:
        vendor.engine("vllm_mt")
    assert refused.value.code == "engine-unknown"
    assert "did you mean 'vllm_mtt'?" in refused.value.hint
    engine = vendor.engine("vllm_mtt")
    with pytest.raises(UsageError) as refused:
        vendor.accelerator(engine, "s400")
    assert refused.value.code == "accelerator-unknown"
    with pytest.raises(UsageError) as refused:
        vendor.accelerator(engine, "s5000")
    assert refused.value.code == "accelerator-unsupported"
    with pytest.raises(UsageError) as refused:
        vendor.access(engine, "toolkits")
    assert refused.value.code == "access-unknown"


def test_a_vendor_directory_elsewhere(tmp_path):
    directory = tmp_path / "acme"
    directory.mkdir()
    (directory / "vendor.yaml").write_bytes((CASES / "minimal_ok" / "vendor.yaml").read_bytes())
    assert list_vendors(tmp_path) == ["acme"]
    assert load_vendor("acme", tmp_path).doc.name == "Acme"
    (directory / "vendor.yaml").write_bytes(
        (CASES / "several_problems_fail" / "vendor.yaml").read_bytes()
    )
    with pytest.raises(DeclarationError) as refused:
        load_vendor("acme", tmp_path)
    assert refused.value.code == "vendor-wrong"
    assert len(refused.value.problems) == 2
    assert "wrong in 2 places" in refused.value.message


def test_comments_do_not_change_the_digest(tmp_path):
    digests = set()
    for index, comment in enumerate(("", "# a remark\n")):
        directory = tmp_path / str(index) / "acme"
        directory.mkdir(parents=True)
        text = (CASES / "minimal_ok" / "vendor.yaml").read_text()
        (directory / "vendor.yaml").write_text(comment + text)
        digests.add(load_vendor("acme", tmp_path / str(index)).sha256)
    assert len(digests) == 1


def test_block_size_of_the_shipped_vendor_is_refused_in_words(tmp_path):
    directory = tmp_path / "mthreads"
    directory.mkdir()
    text = (VENDOR_DIRECTORY / "mthreads" / "vendor.yaml").read_text()
    wrong = text.replace('value: "64", allowed: ["64"]', 'value: "16", allowed: ["64"]')
    assert wrong != text
    (directory / "vendor.yaml").write_text(wrong)
    (problem,) = check_vendor(directory)
    assert problem.message == "block-size: 16 is not allowed for vllm_mtt; the only value is 64"
    line = next(n for n, t in enumerate(wrong.splitlines(), 1) if 'value: "16"' in t)
    assert problem.place.line == line


def test_sparse_h100_figure_is_refused(tmp_path):
    directory = tmp_path / "nvidia"
    directory.mkdir()
    text = (VENDOR_DIRECTORY / "nvidia" / "vendor.yaml").read_text()
    claim = "{value: 989, basis: dense, scope: device, kind: nominal, used: true"
    wrong = text.replace(claim, claim.replace("989", "1979"), 1)
    (directory / "vendor.yaml").write_text(wrong)
    messages = [str(problem) for problem in check_vendor(directory)]
    assert len(messages) == 1
    assert "1979 is the figure with structured sparsity" in messages[0]
    assert "989" in messages[0]


def _visit(root, node, value, used, definition=""):
    """Note every (definition, member) of the schema that a value makes use of."""
    while "$ref" in node:
        definition = node["$ref"].rpartition("/")[2]
        node = root["$defs"][definition]
    if isinstance(value, list):
        for inner in value:
            _visit(root, node.get("items", {}), inner, used)
    elif isinstance(value, dict):
        known = node.get("properties", {})
        for name, inner in value.items():
            if name in known:
                used.add((definition, name))
            more = node.get("additionalProperties")
            below = known.get(name, more if isinstance(more, dict) else {})
            _visit(root, below, inner, used)


def test_every_member_of_the_schema_is_used_by_a_declaration():
    root = schema.read("vendor")
    used = set()
    files = [VENDOR_DIRECTORY / name / "vendor.yaml" for name in list_vendors()]
    for file in [*files, CASES / "everything_ok" / "vendor.yaml"]:
        _visit(root, root, yamlio.load(file).value, used)
    members = {("", name) for name in root["properties"]}
    for definition, node in root["$defs"].items():
        members |= {(definition, name) for name in node["properties"]}
    assert sorted(members - used) == []


def test_a_name_that_is_no_vendor_is_answered_with_the_nearest():
    (problem,) = check_vendor(Path("nvidai"))
    assert "nvidai" in problem.message
    assert "nvidia" in problem.hint
    assert check_vendor(Path("nvidia")) == []
