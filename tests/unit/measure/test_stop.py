import os
import signal

import pytest

from suite.base.errors import Interrupted
from suite.measure.stop import Stop


def send(number=signal.SIGTERM):
    os.kill(os.getpid(), number)


def test_the_first_signal_raises_and_further_ones_do_not():
    with Stop().installed() as stop:
        with pytest.raises(Interrupted, match="SIGTERM"):
            send()
        send()
        assert stop.signals == 2


def test_a_deferred_signal_only_sets_the_flag_until_it_is_checked():
    with Stop().installed() as stop:
        with stop.deferred():
            send(signal.SIGINT)
            assert stop.requested()
        with pytest.raises(Interrupted) as caught:
            stop.check()
        assert caught.value.exit_status == 130
        stop.check()


def test_a_clean_up_is_not_cut():
    with Stop().installed() as stop:
        stop.defer_for_good()
        send()
        assert stop.requested()


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Stop().installed():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before
