"""By how much a server says that a prompt is too long."""

import pytest

from feedback_app.engines.openai_client import excess


@pytest.mark.parametrize(
    ("said", "over"),
    [
        (
            "This model's maximum context length is 2048 tokens. However, you requested 128 output tokens and your prompt "
            "contains at least 1921 input tokens, for a total of at least 2049 tokens.",
            1,
        ),
        (
            "This model's maximum context length is 2048 tokens. However, you requested 2176 tokens (2048 in the messages, "
            "128 in the completion).",
            128,
        ),
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted in 5000 tokens.",
            903,
        ),
        ('{"error": {"type": "exceed_context_size_error", "n_prompt_tokens": 700, "n_ctx":512}}', 188),
        ("too many tokens", None),
        ("maximum context length is 10 tokens", None),
    ],
)
def test_the_excess_is_read_out_of_what_servers_say(said: str, over: int | None) -> None:
    assert excess(said) == over
