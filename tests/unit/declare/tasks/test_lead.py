from __future__ import annotations

import pytest

from suite.declare.tasks.lead import first_sentence


@pytest.mark.parametrize(
    ("document", "lead"),
    [
        ("", ""),
        (" \n \n", ""),
        ("One line without an end", "One line without an end"),
        ("\n  First. Second.\nThird.", "First."),
        ("It ends here! And goes on.", "It ends here!"),
        ('"Stop," he said. "No." She left.', '"Stop," he said.'),
        ('He said "stop." Then he left.', 'He said "stop."'),
        ("Mr. Smith met Dr. Jones. They talked.", "Mr. Smith met Dr. Jones."),
        ("J. K. Rowling wrote it. It sold.", "J. K. Rowling wrote it."),
        ("The U.S. Army came. It left.", "The U.S. Army came."),
        ("It rose 3.5 per cent. Then it fell.", "It rose 3.5 per cent."),
        ("It was in 2016. 20 people came.", "It was in 2016."),
        ("It paused ... then it went on. End.", "It paused ... then it went on."),
        ("See example.com for more. It is free.", "See example.com for more."),
        ("No stop before a newline\nSecond line.", "No stop before a newline"),
        (
            "Media playback is not supported on this device\nThe news is this. More.",
            "The news is this.",
        ),
        ("Last updated on 5 May 2016", "Last updated on 5 May 2016"),
    ],
)
def test_the_first_sentence(document, lead):
    assert first_sentence(document) == lead


def test_a_long_line_of_stops_takes_no_time():
    assert first_sentence("." * 100_000) == "." * 100_000
    assert first_sentence("A. " * 30_000).startswith("A. ")
