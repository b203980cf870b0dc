"""A sample of what ``python -m tests.mutation`` does ten thousand times: one field changed, none accepted with another meaning."""

import itertools

import pytest

from tests.mutation.submission import Submission


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    with Submission.quick():
        yield Submission(tmp_path_factory.mktemp("mutation"))


def test_the_submission_itself_is_accepted(submission):
    assert submission.sound.trusted


def test_no_change_is_accepted_with_another_meaning(submission):
    changes = list(itertools.islice(submission.changes(7), 76))
    results = [(change, submission.attempt(change)) for change in changes]
    assert [f"{c.file}: {c.what}" for c, result in results if result.meaning] == []
    assert sum(not result.accepted for _, result in results) > 60
    assert submission.verify().trusted
