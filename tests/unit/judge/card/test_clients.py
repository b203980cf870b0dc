"""What a card says of each load client: its part, its clock's bound, what it can do; in both reports and both languages."""

import pytest
from msgspec.structs import replace

from suite.base.errors import EvidenceError
from suite.base.language import Language
from suite.documents.card_clients import CardClients
from suite.documents.codec import convert, plain
from suite.judge.report import clients as shown
from suite.judge.report import html, text
from suite.judge.score import score
from tests.factories import evidence as factory
from tests.factories import farmed, pages

SIGHTLESS = {"machine", "host", "cores", "ceiling", "connections", "connect_least_ms"}


def card(change=lambda _: None):
    parts = farmed.document()
    change(parts)
    return score(factory.evidence(parts))


@pytest.fixture(scope="module")
def sound():
    return card()


def page_of(card, language=Language.EN):
    return html.render(pages.bundle(card), card, language).decode()


def measured(parts, client):
    return [r for r in parts["requests"] if r["measured"] and r["client"] == client]


def test_each_clients_part_follows_from_the_log(sound):
    parts = farmed.document()
    own = [len(measured(parts, client)) for client in range(2)]
    known = sound.clients
    assert known.number == (0, 1)
    assert known.requests == tuple(own)
    assert known.share == pytest.approx([n / sum(own) for n in own])
    assert known.ceiling == (20_000.0, 20_000.0)
    assert known.connections == (2, 2)
    assert known.connect_least_ms == (0.2, 0.2)
    assert known.connect_most_ms == (0.21, 0.210001)
    assert known.machine == (0, 1)
    assert known.lost == ("", "")
    assert known.late == (0, 0)
    assert sum(known.planned) == sum(
        r["phase"] == "server" for c in (0, 1) for r in measured(parts, c)
    )


def test_the_clocks_bound_holds_the_true_offset(sound):
    """The factory's clocks run with the run's, and each start is told without error: the truth is 0."""
    known = sound.clients
    for low, high in zip(known.clock_least_us, known.clock_most_us, strict=True):
        assert low <= 0 <= high
        assert (
            20 < high - low < 1000
        )  # the way there and back is 44 µs, and 500 ppm of half a second is 250


def test_a_request_beyond_the_phases_bound_is_late():
    def change(parts):
        late = next(r for r in measured(parts, 1) if r["phase"] == "server")
        late["t_send"] = late["t_sched"] + 10**12

    assert card(change).clients.late == (0, 1)


def test_a_clock_that_nothing_bounds_is_unknown():
    def change(parts):
        parts["marks"] = [
            m for m in parts["marks"] if m["name"] != "clock.exchange" or m["detail"]["client"] != 1
        ]

    known = card(change).clients
    assert known.clock_least_us[0] is not None
    assert (known.clock_least_us[1], known.clock_most_us[1]) == (None, None)


def test_a_lost_client_says_why():
    def change(parts):
        why = {"client": 1, "why": "the connection ended"}
        parts["marks"].append(farmed.mark(parts["marks"][-1]["t"], "client.lost", why))

    lost = card(change)
    assert lost.clients.lost == ("", "the connection ended")
    assert [column.key for column in shown.columns(lost)][-1] == "client-lost"


def test_a_run_without_clients_says_nothing_of_them():
    alone = score(factory.evidence())
    assert "clients" not in plain(alone)
    assert not any(pointer.startswith("/clients") for pointer in alone.standing)
    assert shown.columns(alone) == []
    assert "Load clients" not in text.render(alone)


def test_every_column_has_its_standing(sound):
    said = {name: sound.standing[f"/clients/{name}"] for name in CardClients.__struct_fields__}
    assert {name for name, word in said.items() if word == "observed"} >= SIGHTLESS
    assert said["requests"] == said["clock_least_us"] == said["late"] == "recomputed"
    assert all(column.standing != "asserted" for column in shown.columns(sound))


def test_columns_of_different_lengths_are_refused(sound):
    broken = {**plain(sound.clients), "late": [0]}
    with pytest.raises(EvidenceError, match="differ in length"):
        convert(broken, CardClients, file="card")


@pytest.mark.parametrize("language", list(Language))
def test_the_page_and_the_text_show_every_client(sound, language):
    page = page_of(sound, language)
    of = 1 if language is Language.ZH else 0
    for words in (("Load clients", "负载客户端"), ("Ceiling, tokens/s", "上限，token/秒")):
        assert words[of] in page
        assert words[of] in text.render(sound, language)
    low, high = sound.clients.clock_least_us[1], sound.clients.clock_most_us[1]
    cell = f"{low:+.4g}\u202f…\u202f{high:+.4g}".replace("-", "−")
    assert cell in page
    assert cell in text.render(sound, language)
    assert page.count('class="standing standing-observed"') >= 3


def test_what_a_client_says_of_itself_is_never_markup(sound):
    strange = replace(sound.clients, host=("<script>x</script>", "b"))
    page = page_of(replace(sound, clients=strange))
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_an_unknown_clock_is_said_in_chinese(sound):
    unknown = replace(sound.clients, clock_least_us=(None, None))
    assert "未知" in text.render(replace(sound, clients=unknown), Language.ZH)
