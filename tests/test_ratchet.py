from tests import ratchet

TABLE = {"aims": {"bot": 90.0}, "floors": {"bot": 80.0}}
TEXT = "[aims]\nbot = 90\n\n[floors]\nbot = 80\n"


def test_lines_and_branches_of_a_package_are_added_up() -> None:
    files = {
        "bot/clock.py": {"summary": dict.fromkeys(("covered_lines", "num_statements"), 8) | _branches(1, 2)},
        "bot/cli.py": {"summary": {"covered_lines": 0, "num_statements": 10} | _branches(0, 0)},
    }

    assert ratchet.measured(files) == {"bot": 45.0}


def _branches(covered: int, there: int) -> dict[str, int]:
    return {"covered_branches": covered, "num_branches": there}


def test_a_package_under_its_floor_has_fallen() -> None:
    (bot,) = ratchet.standings({"bot": 79.9}, TABLE)

    assert bot.fell
    assert "FELL" in ratchet.lines([bot])[0]


def test_a_package_that_vanished_from_the_report_has_fallen() -> None:
    (bot,) = ratchet.standings({}, TABLE)

    assert bot.fell


def test_a_package_that_nobody_listed_is_held_to_ninety() -> None:
    _, web = ratchet.standings({"bot": 85.0, "web": 89.0}, TABLE)

    assert web.fell


def test_a_floor_rises_by_half_points_up_to_the_aim_and_never_falls() -> None:
    risen = [ratchet.standings({"bot": reached}, TABLE)[0].next_floor for reached in (79.0, 84.7, 97.0)]

    assert risen == [80.0, 84.5, 90.0]


def test_raising_writes_only_floors() -> None:
    found = ratchet.standings({"bot": 84.7}, TABLE)

    assert ratchet.raised(TEXT, found) == TEXT.replace("bot = 80", "bot = 84.5")
