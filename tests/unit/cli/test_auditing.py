"""Which documents an audit has: of a run under a challenge, the new ones as well."""

from __future__ import annotations

import json

import pytest

from suite.cli.auditing import documents_of
from suite.declare.tasks.taskset import mini_set
from tests.factories import challenged, evidence, shipped


@pytest.fixture
def data(tmp_path):
    rows = [
        {"id": task.id, "document": task.document, "summary": task.summary}
        for task in mini_set(challenged.SIZE).tasks
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("stories", [True, False])
def test_the_documents_of_new_tasks_come_from_the_challenge(data, stories):
    run = evidence.evidence(challenged.document(stories=stories))
    new = {task for task, line in run.tasks.items() if line.origin}
    documents = documents_of(run, None if stories else data)
    assert new
    assert documents.keys() == run.tasks.keys()


def test_a_document_of_another_text_is_left_out(data):
    run = evidence.evidence(shipped.document())
    whole = documents_of(run, None)
    assert whole.keys() == run.tasks.keys()
    changed = data.read_text().replace("the", "a")
    data.write_text(changed)
    assert len(documents_of(run, data)) < challenged.SIZE
