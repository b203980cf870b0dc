"""A sample of what ``make mutations`` does ten thousand times: one field changed, none accepted with another meaning."""

import itertools

import pytest

from tests.mutation.submission import BASES, Submission, harmless_because

COUNT = 100


@pytest.fixture(scope="module", params=sorted(BASES))
def submission(request, tmp_path_factory):
    with Submission.quick():
        yield Submission(BASES[request.param](tmp_path_factory.mktemp("mutation")))


def test_the_submission_itself_is_accepted(submission):
    assert submission.sound.trusted


def test_no_change_is_accepted_with_another_meaning(submission):
    changes = list(itertools.islice(submission.changes(7), COUNT))
    results = [(change, submission.attempt(change)) for change in changes]
    accepted = [change for change, result in results if result.accepted]
    assert [f"{c.file}: {c.what}" for c in accepted if harmless_because(c) is None] == []
    assert not any(result.meaning for _, result in results)
    assert len(accepted) < COUNT / 4
    assert submission.verify().trusted
