"""What a page tells of its components reaches a browser that draws only the last of several messages."""

import itertools

from toolkit.web._parts import say_again


def told(messages, seconds_between):
    ticks = itertools.count()
    return list(say_again(messages, clock=lambda: next(ticks) * seconds_between))


def test_what_was_said_comes_again_with_what_follows_at_once():
    first, second, third = told([{"form": "plain", "status": "begins"}, {"status": "1 of 9"}, {"grid": "picture"}], 0.4)
    assert first == {"form": "plain", "status": "begins"}
    assert second == {"form": "plain", "status": "1 of 9"}  # the newest of each
    assert third == {"form": "plain", "status": "1 of 9", "grid": "picture"}


def test_what_was_said_long_ago_does_not():
    messages = [{"form": "plain"}, *({"status": f"{done} of 40"} for done in range(40))]
    answers = told(messages, 0.4)
    assert "form" in answers[5]
    assert answers[20] == {"status": "19 of 40"}  # a visitor may have changed the form since


def test_nothing_follows_without_a_message():
    assert told([], 1.0) == []
    assert told([{}, {"status": "done"}], 60.0) == [{}, {"status": "done"}]
