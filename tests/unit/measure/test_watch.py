from suite.measure import watch as watching
from suite.measure.watch import Watch


class Engine:
    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def alive(self):
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_an_engine_is_asked_only_when_more_requests_failed():
    engine = Engine(None, "gone")
    watch = Watch(engine.alive, while_running=True)
    watch.saw_failures(0)
    assert engine.asked == 0
    watch.saw_failures(1)
    assert (engine.asked, watch.dead) == (1, None)
    watch._next_ns = 0  # the interval is over
    watch.saw_failures(1)
    assert engine.asked == 1
    watch.saw_failures(2)
    assert watch.dead == "gone"


def test_it_is_not_asked_again_within_the_interval(monkeypatch):
    monkeypatch.setattr(watching, "INTERVAL_NS", 10**15)
    engine = Engine(None)
    watch = Watch(engine.alive, while_running=True)
    watch.saw_failures(1)
    watch.saw_failures(2)
    assert engine.asked == 1


def test_after_failures_it_gets_a_moment_to_be_seen_dead(monkeypatch):
    monkeypatch.setattr(watching, "GRACE_S", 60)
    engine = Engine(None, None, "it ended with status 1")
    assert Watch(engine.alive, while_running=True).after(3) == "it ended with status 1"


def test_without_failures_it_is_asked_once():
    engine = Engine(None)
    assert Watch(engine.alive, while_running=True).after(0) is None
    assert engine.asked == 1


def test_somebody_elses_server_is_asked_only_at_the_end():
    engine = Engine("no answer")
    watch = Watch(engine.alive, while_running=False)
    watch.saw_failures(5)
    assert engine.asked == 0
    assert watch.after(5) == "no answer"


def test_one_that_is_not_healthy_after_failures_is_waited_for(monkeypatch):
    monkeypatch.setattr(watching, "GRACE_S", 0)
    engine = Engine(None, None, None, None, "it ended with status 0")
    watch = Watch(engine.alive, while_running=True, healthy=lambda: "/health answers: 503")
    assert watch.after(1) == "it ended with status 0"


def test_one_that_never_is_healthy_again_is_dead_and_one_that_is_lives_on(monkeypatch):
    monkeypatch.setattr(watching, "GRACE_S", 0)
    monkeypatch.setattr(watching, "ENDING_S", 0.1)
    sick = Watch(Engine(None).alive, while_running=True, healthy=lambda: "/health answers: 503")
    assert sick.after(1) == "/health answers: 503"
    monkeypatch.setattr(watching, "ENDING_S", 60)
    answers = ["/health answers: 503", None]
    again = Watch(Engine(None).alive, while_running=True, healthy=lambda: answers.pop(0))
    assert again.after(1) is None
    unasked = Watch(Engine(None).alive, while_running=True, healthy=lambda: "never asked")
    assert unasked.after(0) is None
