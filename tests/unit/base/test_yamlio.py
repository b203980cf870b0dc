import pytest
import yaml

from suite.base import yamlio
from suite.base.errors import DeclarationError


@pytest.fixture(params=[yaml.SafeLoader, getattr(yaml, "CSafeLoader", None)], autouse=True)
def parser(request, monkeypatch):
    """Everything holds with PyYAML's own parser and with libyaml."""
    if request.param is None:
        pytest.skip("PyYAML without libyaml")
    monkeypatch.setattr(yaml, "CSafeLoader", request.param)


def test_values_and_lines():
    document = yamlio.loads(
        b'a: 1\nb:\n  - x\n  - "no"\nc: {d: 1.5, e: true, f: null}\n"g/h": -2e3\n'
    )
    assert document.value == {
        "a": 1,
        "b": ["x", "no"],
        "c": {"d": 1.5, "e": True, "f": None},
        "g/h": -2000.0,
    }
    assert document.lines["/b/1"] == 4
    assert document.lines["/c/e"] == 5
    assert document.lines["/g~1h"] == 6


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("a: 1\na: 2", "occurs twice", 2),
        ("a:\n\tb: 1", "a tab", 2),
        ("a: no", "means something else", 1),
        ("a: Yes", "means something else", 1),
        ("a: off", "means something else", 1),
        ("a: 1:30", "means something else", 1),
        ("a: 017", "means something else", 1),
        ("a: 0x1f", "means something else", 1),
        ("a: 1_000", "means something else", 1),
        ("a: 2024-01-31", "means something else", 1),
        ("a: .inf", "means something else", 1),
        ("a: 1e999", "not finite", 1),
        ("a: ~", "means something else", 1),
        ("a:", "an empty value", 1),
        ("a: &x 1\nb: *x", "anchor", 1),
        ("a: !!str 1", "tag", 1),
        ("--- 1\n--- 2", "more than one document", None),
        ("", "no document", None),
        ("? [a]\n: 1", "must be text", 1),
        ("a: [1", "not YAML", 1),
        ("a: 90071992547409921", "beyond", 1),
    ],
)
def test_refuses(text, says, line):
    with pytest.raises(DeclarationError, match=says) as caught:
        yamlio.loads(text.encode(), name="vendor.yaml")
    assert caught.value.code == "yaml-refused"
    assert caught.value.place is not None
    assert caught.value.place.file == "vendor.yaml"
    if line:
        assert caught.value.place.line == line


def test_a_version_like_1_10_must_be_quoted_to_stay_text():
    assert yamlio.loads(b'a: "1.10"').value == {"a": "1.10"}
    assert yamlio.loads(b"a: 1.10").value == {"a": 1.1}
    assert yamlio.loads(b"a: 1.1.0").value == {"a": "1.1.0"}


def test_not_utf8_names_the_line():
    with pytest.raises(DeclarationError) as caught:
        yamlio.loads(b"a: 1\nb: \xff\n")
    assert caught.value.place is not None
    assert caught.value.place.line == 2


def test_everything_that_is_well_formed_and_refused_is_said_at_once():
    with pytest.raises(DeclarationError) as caught:
        yamlio.loads(b"a: no\nb:\na: 1\nc: 1e999\n")
    assert [problem.place.line for problem in caught.value.problems] == [1, 2, 3, 4]
    with pytest.raises(DeclarationError) as caught:
        yamlio.loads(b"a:\n\tb: 1\n\tc: 1\n")
    assert [problem.place.line for problem in caught.value.problems] == [2, 3]
