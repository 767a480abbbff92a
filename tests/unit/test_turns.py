"""Whoever waits longest comes next; who gives up is skipped."""

from __future__ import annotations

import threading
import time

from serving.storage.turns import Turns


def test_turns_come_in_the_order_in_which_they_were_asked_for():
    turns, came = Turns(), []
    assert turns.take(0)
    threads = []
    for n in range(6):
        threads.append(threading.Thread(target=lambda n=n: (turns.take(10), came.append(n))))
        threads[-1].start()
        while len(turns._waiting) <= n:
            time.sleep(0.001)
    for n in range(6):
        turns.give_back()
        threads[n].join(10)
    assert came == list(range(6))


def test_who_waits_too_long_gives_up_and_stands_in_nobodys_way():
    turns = Turns()
    assert turns.take(0)
    assert not turns.take(0.01)
    turns.give_back()
    assert turns.take(0)


def test_no_turn_is_given_twice_or_lost_under_many_threads():
    turns, inside, most, done = Turns(), [], [0], [0]

    def go() -> None:
        for _ in range(200):
            if turns.take(5):
                inside.append(1)
                most[0] = max(most[0], len(inside))
                done[0] += 1
                inside.pop()
                turns.give_back()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most[0], done[0]) == (1, 1600)
