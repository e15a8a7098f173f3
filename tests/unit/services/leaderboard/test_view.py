"""The leaderboard as HTML."""

from dataclasses import replace

from feedback_app.services.leaderboard.leaderboard import Board, board
from feedback_app.ui.leaderboard.view import effects, leaderboard_html, win_matrix
from tests.unit.services.leaderboard.leagues import Planted


def some(number: int = 200) -> Board:
    return board(Planted(models=3).design_matrix(number, seed=0))


def test_nothing_yet_says_how_to_fill_it() -> None:
    assert "No votes between two versions yet" in leaderboard_html(Board())


def test_few_votes_give_no_number_that_looks_sure() -> None:
    html = leaderboard_html(some(8))
    assert "too few votes for a score" in html
    assert "8 of 20 votes" in html
    assert 'class="interval' not in html


def test_each_row_has_both_intervals_in_words() -> None:
    html = leaderboard_html(some())
    assert html.count("as voted") == html.count('adjusted" aria-hidden') == 3
    assert "1,0" not in html.split("<tbody>")[1].split("</tbody>")[0]


def test_effects_are_shares_with_intervals() -> None:
    html = effects(some())
    assert "A reply twice as long wins" in html
    assert html.count("% to ") == 2


def test_cells_of_the_matrix_say_share_votes_and_who_never_met() -> None:
    given = replace(
        some(), points=((0, 15, 0), (5, 0, 2), (0, 2, 0)), votes=((0, 20, 0), (20, 0, 4), (0, 4, 0))
    )
    html = win_matrix(given)
    assert 'class="more" style="--by:22%">75 %' in html.replace("75%", "75 %")
    assert "no votes" in html
    assert html.count(">itself<") == 3


def test_names_cannot_bring_html() -> None:
    given = some()
    named = (replace(given.standings[0], model="<b>x</b>"), *given.standings[1:])
    assert "<b>" not in leaderboard_html(replace(given, standings=named))
