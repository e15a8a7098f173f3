"""What the arena asks on the first visit: which languages, and which topics."""

from collections.abc import Sequence
from html import escape

from feedback_app.domain.languages import own_name
from feedback_app.services.bundle import Services
from feedback_app.ui.text import topic_name

DEFAULT = ("en",)


def first_question(services: Services) -> str:
    """The card as HTML, hidden; `static/shell/first.js` shows it while nothing was chosen and nothing is ranked."""
    packs = services.arena.packs
    languages = _boxes("language", [(code, own_name(code)) for code in packs.languages()], DEFAULT)
    topics = _boxes("topic", [(topic, topic_name(topic)) for topic in packs.subjects()], ())
    return (
        '<form id="first-question" aria-labelledby="first-question-title" hidden>'
        '<p id="first-question-title"><strong>Which languages do you want to talk in?</strong></p>'
        f"<fieldset><legend>Languages</legend>{languages}</fieldset>"
        "<details><summary>Choose topics too (otherwise all of them)</summary>"
        f"<fieldset><legend>Topics</legend>{topics}</fieldset></details>"
        '<div class="does"><button type="submit" class="main">Save</button>'
        '<button type="button" id="first-question-no">Only English</button>'
        '<span class="quiet">You can change this on the Settings page.</span></div>'
        '<p id="first-question-line" role="alert"></p></form>'
    )


def _boxes(name: str, options: Sequence[tuple[str, str]], checked: Sequence[str]) -> str:
    return "".join(
        f'<label><input type="checkbox" name="{name}" value="{escape(value)}"{" checked" if value in checked else ""}>'
        f"{escape(label)}</label>"
        for value, label in options
    )
