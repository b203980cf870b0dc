import contextlib
import signal

import pytest

from suite.base.errors import Interrupted, SuiteError
from suite.measure.signals import Stop, shielded


@pytest.fixture
def stop():
    with Stop().installed() as installed:
        yield installed


def test_the_first_signal_raises_and_further_ones_do_not(stop):
    with pytest.raises(Interrupted) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert "SIGTERM" in caught.value.message
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)
    assert stop.signals == 3


def test_deferred_signals_only_set_the_flag(stop):
    with stop.deferred():
        assert not stop.requested()
        signal.raise_signal(signal.SIGINT)
        assert stop.requested()
    with pytest.raises(Interrupted):
        stop.check()


def test_once_deferred_for_good_nothing_is_raised(stop):
    stop.defer_for_good()
    signal.raise_signal(signal.SIGINT)
    with shielded():
        pass
    assert stop.requested()


def test_a_signal_is_no_refusal_for_who_takes_refusals_for_an_answer(stop):
    with pytest.raises(Interrupted), contextlib.suppress(SuiteError, Exception):
        signal.raise_signal(signal.SIGINT)
    assert stop.requested()


def test_a_signal_that_foreign_code_swallowed_is_raised_again(stop):
    with contextlib.suppress(BaseException):
        signal.raise_signal(signal.SIGINT)
    assert stop.requested()
    with pytest.raises(Interrupted):
        stop.check()


def test_a_shield_lets_its_block_end_first(stop):
    steps = []
    with pytest.raises(Interrupted):  # noqa: PT012 - the order is the point
        with shielded():
            signal.raise_signal(signal.SIGTERM)
            steps.append("registered")
        steps.append("after")
    assert steps == ["registered"]
    # Clean-up that starts something of its own is not cut a second time.
    with shielded():
        steps.append("clean-up")


def test_an_outer_deferral_holds_a_shielded_signal_back(stop):
    with stop.deferred():
        with shielded():
            signal.raise_signal(signal.SIGTERM)
        reached = True
    assert reached
    with pytest.raises(Interrupted):
        stop.raise_pending()


def test_a_shield_without_a_stop_does_nothing():
    with shielded():
        pass


def test_the_handlers_of_before_are_back_afterwards():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Stop().installed():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
