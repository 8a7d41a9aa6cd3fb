"""Threads that carry, and those who wait for them."""

from __future__ import annotations

import threading

import pytest

from harness.engine.carriers import Carriers, News


def test_every_thread_makes_its_step_for_every_clock_in_turn() -> None:
    made: dict[str, list[int]] = {"first": [], "second": []}
    carriers = Carriers(3, pytest.fail)
    for name, clocks in made.items():
        carriers.run(name, clocks.append)
    carriers.join()
    assert made == {"first": [0, 1, 2], "second": [0, 1, 2]}


def test_an_error_ends_its_own_thread_and_is_told() -> None:
    failed, made = list[BaseException](), list[int]()

    def broken(clock: int) -> None:
        if clock == 1:
            raise RuntimeError(f"broke at {clock}")

    carriers = Carriers(4, failed.append)
    carriers.run("broken", broken)
    carriers.run("sound", made.append)
    carriers.join()
    assert [str(error) for error in failed] == ["broke at 1"]
    assert made == [0, 1, 2, 3]


def test_who_waits_goes_on_when_what_was_waited_for_has_come() -> None:
    news, come = News(), list[int]()

    def bring(clock: int) -> None:
        with news:
            come.append(clock)
            news.notify_all()

    Carriers(3, news.fail).run("bringer", bring)
    with news:
        news.wait_until(lambda: len(come) == 3)
    assert come == [0, 1, 2]


def test_the_first_error_ends_a_wait_that_has_begun_and_every_later_one() -> None:
    news, waiting = News(), threading.Event()

    def fail(clock: int) -> None:
        waiting.wait()
        with news:
            raise RuntimeError(f"first, at {clock}")

    def never() -> bool:
        waiting.set()
        return False

    carriers = Carriers(1, news.fail)
    carriers.run("failing", fail)
    with news, pytest.raises(RuntimeError, match="first, at 0"):
        news.wait_until(never)
    carriers.join()
    news.fail(RuntimeError("second"))
    with news, pytest.raises(RuntimeError, match="first, at 0"):
        news.wait_until(lambda: True)


def test_news_beside_each_other_wake_their_own_and_an_error_ends_the_waits_of_both() -> None:
    first, waiting, woken = News(), threading.Semaphore(0), list[str]()
    second = News(first)

    def wait(news: News, name: str) -> None:
        def ready() -> bool:
            woken.append(name)
            waiting.release()
            return False

        with news:
            news.wait_until(ready)

    failed = list[BaseException]()
    carriers = Carriers(1, failed.append)
    carriers.run("first", lambda clock: wait(first, "first"))
    carriers.run("second", lambda clock: wait(second, "second"))
    for _ in range(2):
        waiting.acquire()
    with first:
        first.notify_all()
    waiting.acquire()
    assert sorted(woken) == ["first", "first", "second"]
    second.fail(RuntimeError("over"))
    carriers.join()
    assert [str(error) for error in failed] == ["over", "over"]
