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


def test_it_is_not_asked_again_within_the_interval():
    engine = Engine(None)
    watch = Watch(engine.alive, while_running=True)
    watch.saw_failures(1)
    watch.saw_failures(2)
    assert engine.asked == 1


def test_after_failures_it_gets_a_moment_to_be_seen_dead():
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
