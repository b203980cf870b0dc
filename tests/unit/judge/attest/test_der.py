"""Authorities send their certificates in any order; a stamp is read whatever it is."""

from __future__ import annotations

import datetime as dt

import pytest
import rfc3161_client
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from suite.base.errors import TrustError
from suite.judge.attest import timestamps
from suite.judge.attest.der import ordered
from suite.judge.attest.times import Window
from suite.judge.attest.timestamps import check_answer, read_stamp, request, verify_stamp
from tests.factories.authority import Authority

SIGNATURE = b"what was signed"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The same answer of `openssl ts` with its chain, the certificates in both orders."""
    lab = Authority(tmp_path_factory.mktemp("lab"))
    config = lab.folder / "tsa.cnf"
    config.write_text(config.read_text().replace("[ lab ]", "[ lab ]\ncerts = ca.pem"))
    answer = lab.stamp(SIGNATURE)
    own, root = (
        x509.load_pem_x509_certificate((lab.folder / name).read_bytes()).public_bytes(Encoding.DER)
        for name in ("tsa.pem", "ca.pem")
    )
    both = {own + root, root + own}
    (sent,) = (pair for pair in both if pair in answer)
    (other,) = both - {sent}
    return lab, (answer, answer.replace(sent, other))


def test_certificates_may_stand_in_any_order(answers):
    lab, both = answers
    listed = timestamps.Authority("lab", timestamps.read_certificates(lab.root), Window())
    assert len({ordered(answer) for answer in both}) == 1
    for answer in both:
        at = verify_stamp(answer, SIGNATURE, [listed], name="stamp").at
        assert abs(at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_the_reader_alone_takes_one_order(answers):
    def is_read(answer: bytes) -> bool:
        try:
            rfc3161_client.decode_timestamp_response(answer)
        except ValueError:
            return False
        return True

    assert sorted(map(is_read, answers[1])) == [False, True]


def test_what_is_cut_or_changed_is_refused_in_words(answers):
    _, (answer, _) = answers
    for cut in (b"", answer[:1], answer[:40], answer[: len(answer) // 2], b"\x30\x84", b"\x30\x80"):
        assert ordered(cut) == cut
        with pytest.raises(TrustError, match="not a time stamp"):
            read_stamp(cut, SIGNATURE, name="stamp")
    with pytest.raises(TrustError, match="other bytes"):
        read_stamp(answer, b"something else", name="stamp")


def test_an_answer_over_the_network_may_have_its_chain(answers):
    lab, _ = answers
    asked = request(SIGNATURE)
    assert check_answer(lab.reply(asked.data), asked, name="lab").source == "lab"
