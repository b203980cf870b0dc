"""The page: no script, no outside, nothing lost, nothing injected, the same bytes every time."""

import base64
import copy
import hashlib
import json
import re
import shutil
import subprocess
import sys

import pytest
from msgspec.structs import replace

from suite.base import jsonio
from suite.base.errors import TrustError
from suite.declare.scenarios import SCENARIOS
from suite.documents.codec import plain
from suite.documents.document import Document
from suite.documents.phase import Group
from suite.judge.attest.page import extract_bundle, renderer_of
from suite.judge.metrics.lengths import NO_LENGTH
from suite.judge.metrics.registry import REGISTRY
from suite.judge.metrics.repetition import EXACT
from suite.judge.metrics.roles import TOGETHER
from suite.judge.metrics.search import NO_SEARCH
from suite.judge.report import html, view
from suite.judge.report.numbers import show
from suite.judge.report.words import WORDS
from suite.judge.score import score
from tests.factories import evidence, pages, scenarios, scorecard

CARDS = {
    "closed": scorecard.card,
    "process": scorecard.process_card,
    "poor": scorecard.poor_card,
    "accelerator": scorecard.accelerator_card,
    "long": scorecard.long_card,
    "scenarios": scenarios.scenario_card,
    "grid": scenarios.grid_card,
    "built": lambda: plain(score(evidence.evidence())),
}


@pytest.fixture(params=CARDS, scope="module")
def make(request):
    return CARDS[request.param]


@pytest.fixture(scope="module")
def card(make):
    return make()


@pytest.fixture(scope="module")
def page(make):
    return pages.page_of(make)


@pytest.fixture(scope="module")
def outline(make):
    return pages.outline_of(make)


def test_the_only_script_element_is_the_inert_bundle(card, page, outline):
    scripts = outline.all("script")
    assert scripts == [{"type": "application/vnd.dev.sigstore.bundle.v0.3+json"}]
    assert extract_bundle(page) == pages.bundle(scorecard.document(card))
    assert not [name for _, attrs in outline.elements for name in attrs if name.startswith("on")]


def test_nothing_comes_from_outside(outline):
    for tag, attributes in outline.elements:
        assert tag not in {
            "link",
            "img",
            "iframe",
            "object",
            "embed",
            "form",
            "base",
            "font",
            "image",
            "use",
        }
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith("#"), attributes
    style = "".join(outline.texts)
    assert not re.search(r"url\(|@import|expression\(", style)


def test_the_policy_allows_this_style_and_nothing_else(page, outline):
    policies = [m["content"] for m in outline.all("meta") if m.get("http-equiv")]
    style = page.decode().partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    expected = (
        f"default-src 'none'; style-src 'sha256-{digest}'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert policies == [expected]
    # The policy would block style attributes: none may be needed.
    assert not [attrs for _, attrs in outline.elements if "style" in attrs]
    before_policy = page.partition(b"http-equiv")[0]
    assert b"<style" not in before_policy


def test_identifiers_are_unique_and_links_lead_somewhere(outline):
    ids = [attrs["id"] for _, attrs in outline.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    targets = {attrs["href"][1:] for attrs in outline.all("a")}
    assert targets <= set(ids)
    assert {label["for"] for label in outline.all("label")} <= set(ids)


def test_every_phrase_is_there_in_both_languages(page):
    text = page.decode()
    english = text.count('<span class="en" lang="en">')
    assert english == text.count('<span class="zh" lang="zh-Hans">')
    assert english > 100


def test_every_number_has_unit_count_and_interval(card, outline):
    for phase in card["phases"]:
        for metric, value in phase["metrics"].items():
            shown = show(metric, scorecard.value(value))
            if metric.endswith("_p999") and not shown.measured:
                continue  # summed up in one line below the table
            if shown.reason in (NO_LENGTH, NO_SEARCH, EXACT, TOGETHER):
                assert shown.reason not in outline.text, metric  # nobody misses it in such a phase
                continue
            if not shown.measured:
                assert shown.reason in outline.text, metric
                continue
            assert shown.number in outline.text, metric
            assert shown.n in outline.text, metric
            assert shown.method in outline.text, metric
            if shown.interval:
                assert shown.interval in outline.text, metric


def test_every_metric_on_the_card_is_defined_with_its_formula(card, page, outline):
    ids = {attrs["id"] for _, attrs in outline.elements if "id" in attrs}
    for name, metric in card["metrics"].items():
        assert f"def-{name}" in ids
        # The statistics of a latency share one entry: "median of t_1 − t_send" is said once, without median.
        formula = metric["formula"]
        if re.search(r"_(p50|p90|p99|p999|mean)\Z", name):
            formula = formula.partition(" of ")[2] or formula
        assert formula in outline.text, name


def test_every_rule_and_digest_is_shown(card, outline):
    for check in card["checks"]:
        assert check["rule"] in outline.text
        assert check["why"] in outline.text
        assert all(place in outline.text for place in check["evidence"])
    for digest in (
        card["run"]["plan_sha256"],
        card["vendor"]["declaration_sha256"],
        card["model"]["sha256"],
        card["model"]["tokenizer_sha256"],
        card["workload"]["taskset"]["ids_sha256"],
        card["workload"]["taskset"]["records_sha256"],
        card["workload"]["prompt"]["sha256"],
        pages.MANIFEST_SHA256,
        pages.key().public.id,
    ):
        assert digest in outline.text


def test_what_must_not_be_missed_comes_before_the_numbers(outline):
    text = pages.outline_of(scorecard.poor_card).text
    first_number = text.index("Output throughput")
    for words in (
        "Not conformant",
        "Below the plausibility floor",
        "Not a summary",
        "ROUGE-1 0.0302 < 0.15",
        "Emulated",
        "Runtime: process",
        "this run cannot be closed",
        "no Docker engine answered",
        "Task set: custom",
    ):
        assert 0 <= text.find(words) < first_number, words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runtime": "endpoint"}, "Runtime: endpoint"),
        ({"runtime": "sim"}, "Runtime: simulator"),
        ({"run": {"ended": "engine-died", "error": "the engine died [engine-died]"}}, "Incomplete"),
        ({"quality": {"plausibility": "above-ceiling"}}, "Above the plausibility ceiling"),
    ],
)
def test_other_labels(change, words):
    card = scorecard.card()
    for member, value in change.items():
        if isinstance(value, dict):
            card[member] |= value
        else:
            card[member] = value
    assert words in pages.Outline(pages.rendered(card)).text
    assert words not in pages.outline_of(scorecard.card).text


def test_a_sound_closed_run_carries_no_label():
    assert view.flags(scorecard.document(scorecard.card())) == []


HOSTILE = (
    "</script><script>alert(\"1\")</script><img src=x onerror='alert(2)'>&amp;{{ 7*7 }}{% raw %}"
)


def hostile(value):
    """The same document with markup behind every text, past what its schema would let in."""
    if isinstance(value, str):
        return value if value in _KEYWORDS else value + HOSTILE
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if isinstance(value, dict):
        return {name: hostile(item) for name, item in value.items()}
    if isinstance(value, Document):
        members = {name: hostile(getattr(value, name)) for name in value.__struct_fields__}
        return type(value)(**members)
    return value


_KEYWORDS = {
    *WORDS,
    *(
        "container",
        "closed",
        "poisson",
        "single_stream",
        "offline",
        "server",
        "measured",
        "warm-up",
        "suite",
    ),
    *SCENARIOS,
    *("engine", "complete", "lower", "higher", "none", "plausible", "1", "pass", ""),
    *REGISTRY,
    *("engine-start", "engine-stop", "ttft_ms", "load", "machine"),
    *("recomputed", "observed", "attested", "asserted", "counter", "sampled", "estimated"),
}


def test_no_text_of_a_scenario_can_become_markup():
    """Names of groups and traces, reasons, stop words, axes: all of it may come from elsewhere."""
    made = scenarios.scenario_card()
    made["phases"].append(scenarios.grid_card()["phases"][-2])
    card = hostile(scorecard.document(made))
    group = Group(name=HOSTILE, axes={HOSTILE: 3})
    first, *others = card.phases
    points = [replace(point, group=group) for point in others[:2]]
    card = replace(card, phases=(first, *points, *others[2:]))
    data = html.render(pages.bundle(scorecard.document(made)), card)
    outline = pages.Outline(data)
    sane = pages.Outline(pages.rendered(made))
    assert {tag for tag, _ in outline.elements} == {tag for tag, _ in sane.elements}
    assert len(outline.all("script")) == 1
    for attributes in (*outline.all("svg"), *outline.all("details")):
        assert set(attributes) <= {
            *("viewBox", "class", "role", "aria-label", "aria-hidden"),
            *("preserveaspectratio", "preserveAspectRatio", "viewbox", "open"),
        }
    assert outline.text.count('alert("1")') > 100


def test_no_text_of_a_card_can_become_markup():
    sound = scorecard.document(scorecard.card())
    card = hostile(sound)
    first, *others = card.phases
    top, *middle, last = card.headline
    card = replace(
        card,
        phases=(replace(first, name=HOSTILE), *others),
        headline=(top, *(replace(item, phase=HOSTILE) for item in middle), last),
    )
    bundle = pages.bundle(sound)
    data = html.render(bundle, card)
    outline = pages.Outline(data)
    sane = pages.outline_of(scorecard.card)
    assert {tag for tag, _ in outline.elements} == {tag for tag, _ in sane.elements}
    assert len(outline.all("script")) == 1
    assert extract_bundle(data) == bundle
    assert 'alert("1")' in outline.text
    assert "{{ 7*7 }}" in outline.text


def test_the_same_card_gives_the_same_bytes(card, page):
    assert pages.rendered(copy.deepcopy(card)) == page
    # As built, members are in another order than as read from the signed bytes.
    reordered = json.loads(json.dumps(card), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert pages.rendered(reordered) == page


def test_another_process_gives_the_same_bytes():
    code = (
        "import sys, hashlib; sys.path.insert(0, '.');"
        "from tests.factories import pages, scorecard;"
        "print(hashlib.sha256(pages.rendered(scorecard.poor_card())).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "LC_ALL": locale, "TZ": zone, "PATH": "/usr/bin:/bin"},
        ).stdout
        for seed, locale, zone in (("1", "C", "UTC"), ("2", "C.UTF-8", "Asia/Shanghai"))
    }
    expected = hashlib.sha256(pages.page_of(scorecard.poor_card)).hexdigest()
    assert digests == {f"{expected}\n"}


def test_the_page_names_its_renderer(page):
    assert renderer_of(page) == html.renderer_version()
    assert re.fullmatch(r"llm-inference-conformance page [0-9a-f]{12}", html.renderer_version())


def test_a_changed_template_changes_the_renderer(monkeypatch, tmp_path):
    before = html.renderer_version()
    copied = tmp_path / "templates"
    shutil.copytree(html.TEMPLATES, copied)
    (copied / "style.css").write_bytes((copied / "style.css").read_bytes() + b"\n")
    monkeypatch.setattr(html, "TEMPLATES", copied)
    html.renderer_version.cache_clear()
    try:
        assert html.renderer_version() != before
    finally:
        html.renderer_version.cache_clear()


def test_the_renderer_covers_every_module_of_the_page():
    """A page's version is a digest over what decides its bytes: no module of it may be forgotten."""
    folder = html.TEMPLATES.parent
    terminal = {"text.py", "textphases.py", "texttable.py", "__init__.py"}
    own = {name for name in html._CODE if "/" not in name}
    assert own | terminal == {path.name for path in folder.glob("*.py")}
    sources = "".join((folder / name).read_text() for name in html._CODE)
    assert not [name for name in terminal if f"report.{name[:-3]} import" in sources]


def test_a_point_that_was_not_run_says_so_once_and_has_no_details():
    outline = pages.outline_of(scenarios.scenario_card)
    assert outline.text.count("the model holds 32,768 tokens, this point needs more") == 2
    details = [a for a in outline.all("details") if a.get("class") == "point"]
    assert len(details) == 7 + 4
    assert not [a for a in details if "open" in a]


def test_the_details_of_a_single_point_are_open():
    outline = pages.outline_of(scenarios.grid_card)
    details = [a for a in outline.all("details") if a.get("class") == "point"]
    assert len(details) == 32 + 1
    assert [place for place, a in enumerate(details) if "open" in a] == [32]


def test_a_page_without_numbers_still_renders():
    card = scorecard.card()
    card["phases"] = []
    card["headline"] = []
    card["startup"] = {}
    card["time_breakdown"] = []
    card["metrics"] = {}
    card["quality"] |= {"rows": [], "phase": "", "plausibility": "not-judged"}
    outline = pages.Outline(pages.rendered(card))
    assert "not judged" in outline.text


def test_a_phase_that_was_not_measured_names_every_metric_and_its_reason():
    card = scorecard.card()
    reason = "12 of 64 requests failed, bound 1 %"
    phase = card["phases"][0]
    phase["metrics"] = {name: {"not_measured": reason} for name in phase["metrics"]}
    phase["series"] = {}
    data = pages.rendered(card)
    assert reason in pages.Outline(data).text
    item = next(
        part for part in re.findall(r"<li>(.*?)</li>", data.decode(), re.DOTALL) if reason in part
    )
    links = re.findall(r'href="#def-([a-z0-9_L]+)"', item, re.IGNORECASE)
    families = {name for name in links if name.endswith("_p50")}
    assert families >= {"ttft_p50", "ttft_sched_p50", "tpot_p50", "e2e_p50", "icl_p50"}
    assert {"output_throughput", "rouge1", "mfu", "completed"} <= set(links)


def test_a_malformed_bundle_is_refused():
    with pytest.raises(TrustError) as refused:
        html.render(b"{}", scorecard.document(scorecard.card()))
    assert refused.value.code == "bundle-members"


@pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "jq", "sed", "base64"))), reason="needs openssl and jq"
)
def test_the_commands_on_the_page_verify_the_page(tmp_path):
    card = scorecard.poor_card()
    data = pages.rendered(card)
    (tmp_path / "scorecard.html").write_bytes(data)
    (tmp_path / "signer.pub.pem").write_bytes(pages.key().public.pem)
    commands = re.search(r'id="openssl">(.*?)</pre>', data.decode(), re.DOTALL)[1]
    script = pages.html.parser.unescape(commands)
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Verified OK" in done.stdout
    payload = (tmp_path / "payload.json").read_bytes()
    assert json.loads(payload)["predicate"] == json.loads(jsonio.canonical(card))
    assert jsonio.sha256_hex(payload) in pages.Outline(data).text
    # And they do not verify a page whose payload was changed by one byte.
    bundle = json.loads((tmp_path / "bundle.json").read_bytes())
    changed = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(
        b'"conformant":false', b'"conformant":true'
    )
    forged = base64.b64encode(changed).decode()
    (tmp_path / "scorecard.html").write_bytes(
        data.replace(bundle["dsseEnvelope"]["payload"].encode(), forged.encode())
    )
    again = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert again.returncode != 0
