"""The log holds one line an event, whatever the values hold."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from reputable.adapters import logs

HOSTILE = 'a\n{"level": "error"}\r\x1b[2J\x1b]0;x\x07\x85\u2028\u202e\x00'


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def log_hostile_lines() -> None:
    log = structlog.get_logger("test")
    log.info("call", method=HOSTILE)
    log.info(HOSTILE)
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301 - a traceback is wanted.
    except ValueError as error:
        log.exception("failed", exc_info=error)
    logging.getLogger("library").error("%s", HOSTILE)


def test_in_json_every_event_is_one_line_of_ascii_that_parses() -> None:
    out = io.StringIO()
    logs.configure("info", as_json=True, stream=out)
    log_hostile_lines()
    text = out.getvalue()
    assert text.isascii()
    assert "\x1b" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["event"] for line in lines] == ["call", HOSTILE, "failed", HOSTILE]
    assert lines[0]["method"] == HOSTILE
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)


def test_as_text_nothing_hostile_reaches_the_terminal() -> None:
    out = Terminal()
    logs.configure("info", as_json=False, stream=out)
    log_hostile_lines()
    text = out.getvalue()
    for command in ("\x1b[2J", "\x1b]", "\x07", "\r", "\x85", "\u2028", "\u202e", "\x00"):
        assert command not in text
    assert not [line for line in text.split("\n") if line.startswith('{"level"')]


@pytest.mark.parametrize("as_json", [True, False])
def test_of_an_exception_the_types_and_places_are_told_but_no_message(as_json: bool) -> None:  # noqa: FBT001
    def look_up() -> None:
        dict[str, int]()["rain " + "fell"]

    def fail() -> None:
        try:
            look_up()
        except KeyError as cause:
            raise ValueError(str(cause)) from cause

    out = io.StringIO()
    logs.configure("info", as_json=as_json, stream=out)
    for log in (structlog.get_logger("test"), logging.getLogger("library")):
        try:
            fail()
        except ValueError:
            log.exception("failed")
    text = out.getvalue()
    assert "rain fell" not in text
    for told in ("builtins.KeyError", "builtins.ValueError", "in fail"):
        assert text.count(told) >= 2


def test_what_is_below_the_level_is_not_written() -> None:
    out = io.StringIO()
    logs.configure("warning", as_json=True, stream=out)
    structlog.get_logger("test").info("started")
    logging.getLogger("library").info("chatter")
    assert not out.getvalue()


def test_warnings_become_lines() -> None:
    out = io.StringIO()
    logs.configure("info", as_json=True, stream=out)
    warnings.warn("old", stacklevel=1)
    assert json.loads(out.getvalue())["level"] == "warning"


def test_a_log_that_cannot_be_written_fails_nothing() -> None:
    logs.configure("info", as_json=True, stream=Closed())
    log_hostile_lines()
