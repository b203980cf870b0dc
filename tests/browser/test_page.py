"""The page in a real browser: what is drawn at desktop and phone width, in both languages, light, dark, on paper."""

import itertools
import os
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from tests.factories import pages, scenarios, scorecard

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdftotext") is None and os.environ.get("CI") != "true",
    reason="pdftotext is not installed",
)


def dumped_card():
    """An engine that gives its whole configuration as one fact, nearly a sheet long."""
    card = scorecard.card()
    card["environment"] |= {"engine.resolved_config": {"value": "option='value', " * 250}}
    return card


CARDS = {
    "dumped": dumped_card,
    "sound": scorecard.card,
    "poor": scorecard.poor_card,
    "eight": scorecard.accelerator_card,
    "long": scorecard.long_card,
    "scenarios": scenarios.scenario_card,
    "grid": scenarios.grid_card,
    "fine": scenarios.fine_card,
}
# Exactly what the switch does when a reader chooses Chinese.
CHINESE = (
    (b'id="lang-en" checked>', b'id="lang-en">'),
    (b'id="lang-zh">', b'id="lang-zh" checked>'),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages by name; SUITE_SCREENSHOTS keeps them and the pictures somewhere else."""
    wanted = os.environ.get("SUITE_SCREENSHOTS")
    place = Path(wanted) if wanted else tmp_path_factory.mktemp("pages")
    place.mkdir(parents=True, exist_ok=True)
    for name, make in CARDS.items():
        data = pages.page_of(make)
        (place / f"{name}.html").write_bytes(data)
        for old, new in CHINESE:
            assert data.count(old) == 1
            data = data.replace(old, new)
        (place / f"{name}-zh.html").write_bytes(data)
    return place


def chromium(folder, *options):
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
        *options,
    ]
    return subprocess.run(command, capture_output=True, timeout=120, check=True)


def shot(folder, name, width, height, *, dark=False):
    """A screenshot as rows of RGB bytes."""
    target = folder / f"{name}-{width}-{'dark' if dark else 'light'}.png"
    chromium(
        folder,
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        f"--window-size={width},{height}",
        f"--screenshot={target}",
        (folder / f"{name}.html").as_uri(),
    )
    return pixels(target.read_bytes())


def pixels(png):
    """Decode a PNG of 8-bit RGB or RGBA into rows of (r, g, b)."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data = 8, b""
    width = height = depth = 0
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
            assert bits == 8
            depth = {2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            data += body
        at += 12 + size
    raw = zlib.decompress(data)
    stride = width * depth
    rows, before = [], bytearray(stride)
    for number in range(height):
        start = number * (stride + 1)
        row = bytearray(raw[start + 1 : start + 1 + stride])
        unfilter(raw[start], row, before, depth)
        rows.append([tuple(row[i : i + 3]) for i in range(0, stride, depth)])
        before = row
    return rows


def unfilter(kind, row, above, depth):
    for i in range(len(row)):
        left = row[i - depth] if i >= depth else 0
        corner = above[i - depth] if i >= depth else 0
        if kind == 1:
            row[i] = (row[i] + left) & 255
        elif kind == 2:
            row[i] = (row[i] + above[i]) & 255
        elif kind == 3:
            row[i] = (row[i] + (left + above[i]) // 2) & 255
        elif kind == 4:
            guess = left + above[i] - corner
            near = min((abs(guess - v), n, v) for n, v in enumerate((left, above[i], corner)))
            row[i] = (row[i] + near[2]) & 255


def share_of(rows, wanted):
    total = sum(len(row) for row in rows)
    return sum(1 for row in rows for pixel in row if wanted(pixel)) / total


def reddish(pixel):
    return pixel[0] > 150 and pixel[1] < 60 and pixel[2] < 60


def greenish(pixel):
    return pixel[1] > pixel[0] + 40 and pixel[1] > pixel[2] + 20


def test_the_verdict_is_seen_before_anything_else(folder):
    poor, sound = shot(folder, "poor", 1280, 400), shot(folder, "sound", 1280, 400)
    assert share_of(poor, reddish) > 0.01 > share_of(sound, reddish)
    assert share_of(sound, greenish) > 0.005 > share_of(poor, greenish)


def test_light_and_dark(folder):
    light, dark = shot(folder, "sound", 1280, 600), shot(folder, "sound", 1280, 600, dark=True)
    assert share_of(light, lambda p: min(p) > 225) > 0.8
    assert share_of(dark, lambda p: max(p) < 60) > 0.8


def test_chinese_changes_the_words_and_not_the_numbers(folder):
    english, chinese = shot(folder, "sound", 1280, 300), shot(folder, "sound-zh", 1280, 300)
    assert english != chinese


def asked_at(widths, folder, name, script, *, dark=False):
    """What a script finds on a page that is laid out at each width: text, taken from a copy without policy.

    The copies lie in frames, because the browser's own window cannot be as narrow as a phone, and one start of it
    takes them all.
    """
    page = (folder / f"{name}.html").read_bytes()
    answer = (
        f"<script>addEventListener('load',()=>parent.postMessage({script},'*'))</script></body>"
    )
    page = page.replace(b'http-equiv="Content-Security-Policy"', b'name="policy"')
    (folder / "inner.html").write_bytes(page.replace(b"</body>", answer.encode()))
    outer = (
        "<!doctype html><script>addEventListener('message',e=>"
        "[...document.querySelectorAll('iframe')].find(f=>f.contentWindow===e.source)"
        ".nextSibling.textContent='<<'+e.data+'>>')</script>"
    )
    frame = '<iframe src="inner.html" width="{}" height="2000" frameborder="0"></iframe><pre></pre>'
    (folder / "outer.html").write_text(outer + "".join(map(frame.format, widths)))
    done = chromium(
        folder,
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--window-size=1400,900",
        "--dump-dom",
        (folder / "outer.html").as_uri(),
    )
    found = re.findall(r"&lt;&lt;(.*?)&gt;&gt;", done.stdout.decode(), re.DOTALL)
    return dict(zip(widths, found, strict=True))


def asked(folder, name, width, script, *, dark=False):
    """The same at one width."""
    return asked_at((width,), folder, name, script, dark=dark)[width]


@pytest.mark.parametrize(
    "name",
    [
        *("sound", "poor", "eight", "poor-zh", "long", "long-zh"),
        *("scenarios", "scenarios-zh", "grid", "grid-zh", "fine"),
    ],
)
def test_nothing_runs_off_the_screen(folder, name):
    script = (
        "[innerWidth,document.documentElement.scrollWidth,...[...document.querySelectorAll('body *')]"
        ".filter(e=>e.getBoundingClientRect().right>innerWidth+1).map(e=>e.outerHTML.slice(0,80))].join('|')"
    )
    for width, found in asked_at((320, 390, 768, 1280), folder, name, script).items():
        inner, scroll, *outside = found.split("|")
        assert (int(inner), int(scroll), outside) == (width, width, [])


# Takes out what the chosen language does not show.
SHOWN = (
    "[...document.querySelectorAll('.en,.zh')].filter(e=>getComputedStyle(e).display==='none')"
    ".forEach(e=>e.remove());"
)
OPENED = "document.querySelectorAll('details').forEach(d=>d.open=true);"


def test_nothing_of_an_opened_point_runs_off_the_screen(folder):
    script = (
        f"(()=>{{{OPENED}return [innerWidth,document.documentElement.scrollWidth,"
        "...[...document.querySelectorAll('body *')].filter(e=>e.getBoundingClientRect().right>innerWidth+1)"
        ".map(e=>e.outerHTML.slice(0,80))].join('|')})()"
    )
    for width, found in asked_at((320, 1280), folder, "scenarios", script).items():
        inner, scroll, *outside = found.split("|")
        assert (int(inner), int(scroll), outside) == (width, width, [])


def test_every_point_of_a_group_can_be_read(folder):
    """Each of 32 rows is drawn with all its numbers and its place on every axis, apart from its neighbours."""
    script = (
        "[...document.querySelector('table.points tbody').rows].map(r=>{const b=r.getBoundingClientRect();"
        "const cells=[...r.cells].filter(c=>getComputedStyle(c).display!=='none'&&c.innerText.trim());"
        "const labels=[...r.querySelectorAll('.cell-label')].filter(e=>e.offsetParent);"
        "return [Math.round(b.top),Math.round(b.bottom),cells.length,labels.length].join(',')}).join('|')"
    )
    for width, found in asked_at((320, 1280), folder, "grid", script).items():
        rows = [[int(part) for part in row.split(",")] for row in found.split("|")]
        assert len(rows) == 32
        for before, after in itertools.pairwise(rows):
            assert before[1] <= after[0] + 1
        for top, bottom, cells, labels in rows:
            assert bottom > top
            # 3 axes and 7 numbers; those without a number are left out on a phone.
            assert cells in ({10} if width == 1280 else {8, 10})
            assert labels == (0 if width == 1280 else cells)


def test_the_words_in_a_plot_do_not_cover_each_other(folder):
    """Labels of axes: of 7 points, and of 32, where most are left out."""
    script = (
        "[...document.querySelectorAll('svg.plot')].map(s=>{const t=[...s.querySelectorAll('.tick')]"
        ".map(e=>e.getBoundingClientRect()).filter(b=>b.width);let hits=0;"
        "for(let i=0;i<t.length;i++)for(let j=0;j<i;j++)if(t[i].left<t[j].right-1&&t[j].left<t[i].right-1"
        "&&t[i].top<t[j].bottom-3&&t[j].top<t[i].bottom-3)hits++;return t.length+','+hits}).join('|')"
    )
    for name in ("scenarios", "fine"):
        found = asked(folder, name, 1280, script).split("|")
        counts = [tuple(map(int, item.split(","))) for item in found]
        assert len(counts) >= 4
        assert [hits for _, hits in counts if hits] == []
        assert max(ticks for ticks, _ in counts) > 8


def test_a_link_to_a_point_opens_its_details(folder):
    """Without script: the browser opens what its address names."""
    outer = (folder / "scenarios.html").read_text()
    anchor = re.search(r'href="#(point-[\d-]+)"', outer)[1]
    script = (
        "(()=>{location.hash='#" + anchor + "';return document.getElementById('" + anchor + "')"
        ".closest('details').open})()"
    )
    assert asked(folder, "scenarios", 1280, script) == "true"


def test_colours_tell_a_probe_that_met_from_one_that_missed(folder):
    for dark in (False, True):
        script = (
            "['.dot.met','path.missed'].map(c=>{const s=getComputedStyle("
            "document.querySelector('.search svg.plot '+c));return c=='.dot.met'?s.fill:s.stroke}).join('|')"
        )
        met, missed = asked(folder, "scenarios", 1280, script, dark=dark).split("|")
        assert met != missed


def test_the_language_switch_works_without_script(folder):
    """Every phrase of the chosen language is drawn, none of the other."""
    script = (
        "['en','zh'].flatMap(c=>{const a=[...document.querySelectorAll('.'+c)];"
        "return [a.length,a.filter(e=>getComputedStyle(e).display==='none').length]}).join('|')"
    )
    for name, shown, hidden in (("sound", 0, 2), ("sound-zh", 2, 0)):
        counts = [int(word) for word in asked(folder, name, 1280, script).split("|")]
        assert counts[hidden + 1] == counts[hidden] > 100
        assert counts[shown + 1] == 0


def test_the_policy_is_obeyed(folder):
    """The browser reports every violation of a page's policy; there is none, and the style is applied."""
    done = chromium(
        folder, "--enable-logging=stderr", "--v=0", "--dump-dom", (folder / "poor.html").as_uri()
    )
    assert b"Content Security Policy" not in done.stderr
    assert b"Refused" not in done.stderr
    broken = (folder / "poor.html").read_bytes().replace(b"<body>", b'<body style="color:red">', 1)
    (folder / "broken.html").write_bytes(broken)
    done = chromium(
        folder, "--enable-logging=stderr", "--v=0", "--dump-dom", (folder / "broken.html").as_uri()
    )
    assert b"Content Security Policy" in done.stderr, "the test would see a violation"


def printed(folder, name):
    """A page on A4: the file, and the lines of text on each sheet."""
    target = folder / f"{name}.pdf"
    chromium(
        folder,
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        (folder / f"{name}.html").as_uri(),
    )
    done = subprocess.run(["pdftotext", "-layout", target, "-"], capture_output=True, check=True)
    sheets = done.stdout.decode().removesuffix("\f").split("\f")
    return [
        [" ".join(line.split()) for line in sheet.split("\n") if line.strip()] for sheet in sheets
    ]


@needs_pdftotext
@pytest.mark.parametrize("name", ["poor", "dumped", "dumped-zh"])
def test_it_prints(folder, name):
    """No sheet is blank, none ends with a heading, and what is folded on the screen is on paper."""
    script = (
        "[...document.querySelectorAll('h2,h3,h4,summary')].map(e=>e.textContent.trim()"
        ".replace(/\\s+/g,' ')).join('|')"
    )
    headings = set(asked(folder, name, 1280, f"(()=>{{{SHOWN}return {script}}})()").split("|"))
    sheets = printed(folder, name)
    assert 4 <= len(sheets) <= 24
    for sheet in sheets:
        assert len(sheet) > 2
        assert sheet[-1] not in headings
        assert sheet[-1] not in {heading.split(" ")[0] for heading in headings}
    whole = " ".join(line for sheet in sheets for line in sheet)
    for folded in (
        "R002",
        "E2E",
        "suite verify",
        "engine.resolved_config" if name != "poor" else "",
    ):
        assert folded in whole


def test_a_group_prints_its_table_and_not_every_point_in_full(folder):
    target = folder / "grid.pdf"
    chromium(
        folder,
        "--no-pdf-header-footer",
        f"--print-to-pdf={target}",
        (folder / "grid.html").as_uri(),
    )
    sheets = len(re.findall(rb"/Type\s*/Page\b", target.read_bytes()))
    assert 6 <= sheets <= 28
