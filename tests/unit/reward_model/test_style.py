"""Style features of any text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward_model.style import FEATURES, style_features


@given(st.text(st.characters(codec=None)))
def test_any_text_has_the_same_number_of_finite_features(text: str) -> None:
    found = style_features(text)
    assert found.shape == (FEATURES,)
    assert np.isfinite(found).all()


def test_an_empty_text_is_all_zeros() -> None:
    assert not style_features("").any()


@pytest.mark.parametrize(
    ("plain", "toned"),
    [
        ("Send it.", "Please send it."),
        ("Ja.", "Ja, gerne."),
        ("Good.", "Good!"),
        ("Good.", "Good 🙂"),
        ("Fine.", "FINE."),
        ("First. Second.", "- First\n- Second"),
        ("你好", "你好吗？"),
    ],
)
def test_tone_shows_in_the_features(plain: str, toned: str) -> None:
    assert np.abs(style_features(plain) - style_features(toned)).max() > 0.1
