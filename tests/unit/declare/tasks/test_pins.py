"""Texts of the data set are known by digests: raw and tokenised forms are the same, other texts are not."""

import dataclasses

import pytest

from suite.base.errors import DataError
from suite.declare.tasks import pins
from suite.declare.tasks.records import Task
from suite.documents.workload import PinnedTexts

RAW = "The \"chronic\" need (it's said) costs £1.5m – Citroën can't build 9/10 homes."
TOKENISED = "the `` chronic '' need -lrb- it 's said -rrb- costs # 1.5 m -- citroën ca n't build 9/10 homes ."
REST = "\nWords of a second line follow, and they say much the same again."
TASK = Task("10000001", RAW + REST, RAW)


def table(*ids, reference=TOKENISED, opening=TOKENISED):
    return pins.published_pins(ids, [reference] * len(ids), [opening] * len(ids))


def counted(task, known):
    texts = pins.pinned_texts([task], known)
    return texts.references, texts.openings, texts.documents, texts.known_documents


def test_raw_and_tokenised_forms_have_the_same_digest():
    assert pins.letters(RAW) == pins.letters(TOKENISED)
    assert counted(TASK, table(TASK.id)) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({"summary": "Another summary."}, (0, 1, 0, 0)),
        ({"document": "three word article"}, (1, 0, 0, 0)),
        ({"document": ""}, (1, 0, 0, 0)),
        ({"id": "10000002"}, (0, 0, 0, 0)),
    ],
)
def test_other_texts_are_not_the_pinned_ones(changed, counts):
    assert counted(dataclasses.replace(TASK, **changed), table("10000001")) == counts


def test_a_text_of_another_task_is_not_this_ones():
    """The five references that several test rows share count for each by itself."""
    known = table("1", "2")
    assert known[pins.key_of("1")].reference != known[pins.key_of("2")].reference


def test_a_pinned_document_counts_to_the_last_byte():
    known = pins.with_documents(table(TASK.id), [TASK])
    assert counted(TASK, known) == (1, 1, 1, 1)
    assert counted(dataclasses.replace(TASK, document=TASK.document + " "), known) == (1, 1, 0, 1)


def test_a_document_is_pinned_only_beside_its_known_reference():
    other = dataclasses.replace(TASK, summary="Another summary.")
    assert pins.with_documents(table(TASK.id), [other]) == table(TASK.id)


def test_a_few_mended_texts_do_not_unlock_a_set_and_many_do():
    ids = [str(number) for number in range(100)]
    known = pins.with_documents(table(*ids), [Task(key, RAW + REST, RAW) for key in ids])

    def why(mended):
        tasks = [Task(key, RAW + REST, "x" if int(key) < mended else RAW) for key in ids]
        return pins.foreign_texts(pins.pinned_texts(tasks, known), len(ids))

    assert why(2) == ""
    assert why(3) == "only 97 of 100 reference summaries are those of the data set"
    cut = [Task(key, RAW, RAW) for key in ids]
    assert "0 of 100 known documents" in pins.foreign_texts(pins.pinned_texts(cut, known), 100)
    short = [Task(key, "a b c", RAW) for key in ids]
    beginnings = pins.pinned_texts(short, table(*ids))
    assert "0 of 100 documents begin" in pins.foreign_texts(beginnings, 100)


def test_a_file_of_pins_is_read_as_it_was_written(tmp_path):
    known = pins.with_documents(table("1", "2"), [dataclasses.replace(TASK, id="2")])
    path = tmp_path / "pins.txt"
    path.write_text(pins.pins_text(known))
    assert pins.read_pins(path) == known


@pytest.mark.parametrize("line", ["a b c", "k r one o -", ""])
def test_a_broken_line_is_named(tmp_path, line):
    path = tmp_path / "pins.txt"
    path.write_text(pins.pins_text(table("1")) + line + "\n")
    with pytest.raises(DataError) as caught:
        pins.read_pins(path)
    assert (caught.value.code, caught.value.place.line) == ("pins-wrong", 2)


def test_files_of_unequal_length_are_refused():
    with pytest.raises(DataError, match="2 ids, 1 references"):
        pins.published_pins(["1", "2"], ["a"], ["b", "c"])


def test_the_suite_pins_the_whole_test_split():
    shipped = pins.pins()
    assert len(shipped) == 11_334
    assert all(pin.opening_length >= 0 and len(pin.reference) == 12 for pin in shipped.values())


def test_what_is_foreign_and_what_is_known_is_said_in_both_languages():
    texts = PinnedTexts(references=1000, openings=0, documents=0, known_documents=0)
    why = pins.foreign_texts(texts, 1000)
    assert why == "only 0 of 1,000 documents begin as those of the data set"
    assert why.zh == "1,000 中仅 0 篇文档的开头与该数据集相同"
    words = pins.known_words(texts)
    assert words == "1,000 references, 0 first sentences and 0 whole documents known by digest"
    assert words.zh.startswith("按摘要核对：1,000 篇参考摘要")
