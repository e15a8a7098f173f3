"""The official client of the OpenAI API against our own, over a real socket."""

from unittest.mock import patch

import openai
import pytest

from tests.browser.site import Site
from tests.tiny_model import SYSTEM

pytestmark = pytest.mark.integration
HELLO: list[openai.types.chat.ChatCompletionMessageParam] = [
    {"role": "user", "content": "Hello, how are you?"}
]

KNOWN: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "system", "content": SYSTEM}, *HELLO]
"""With the system turn that the tiny model knows: after another it may say nothing."""


def test_it_lists_the_aliases_and_versions(client: openai.OpenAI) -> None:
    assert {"base", "latest", "champion"} <= {model.id for model in client.models.list()}


def test_a_whole_reply_names_the_version_that_wrote_it(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="latest", messages=HELLO, max_tokens=8)
    assert answer.model == "base"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")


def test_a_streamed_reply_comes_in_pieces_and_says_why_it_ended(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="base", messages=HELLO, stream=True, temperature=0))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    whole = client.chat.completions.create(model="base", messages=HELLO, temperature=0)
    assert len(chunks) > 2
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


def test_a_reply_is_cut_before_a_stop_word_even_across_pieces(client: openai.OpenAI) -> None:
    whole = (
        client.chat.completions.create(model="base", messages=HELLO, temperature=0).choices[0].message.content
    )
    assert whole
    middle = whole[len(whole) // 2 - 2 : len(whole) // 2 + 3]
    cut = client.chat.completions.create(model="base", messages=HELLO, temperature=0, stop=[middle]).choices[
        0
    ]
    assert cut.message.content == whole[: whole.find(middle)]
    assert cut.finish_reason == "stop"


def test_several_choices_are_written_in_one_call(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="base", messages=HELLO, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_an_unknown_model_is_the_clients_not_found_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="No model 'nobody'"):
        client.chat.completions.create(model="nobody", messages=HELLO)


def test_a_bad_request_is_the_clients_bad_request_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model="base", messages=HELLO, temperature=9)


def test_a_reader_who_leaves_ends_the_reply(client: openai.OpenAI, site: Site) -> None:
    with client.chat.completions.create(model="base", messages=HELLO, stream=True, max_tokens=900) as stream:
        next(iter(stream))
    again = client.chat.completions.create(model="base", messages=HELLO, max_tokens=4, timeout=20)
    assert again.choices


def test_the_best_of_several_is_refused_until_there_is_something_to_choose_by(
    client: openai.OpenAI, site: Site
) -> None:
    for stream in (False, True):
        with (
            patch.object(site.app.services.live_reward, "score", return_value=None),
            pytest.raises(openai.UnprocessableEntityError, match="train a reward model"),
        ):
            client.chat.completions.create(
                model="base", messages=HELLO, stream=stream, extra_body={"best_of": 4}
            )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"best_of": 9}, "best_of.*less than or equal to 8"),
        ({"best_of": 0}, "best_of.*greater than or equal to 1"),
        ({"best_of": "many"}, "best_of"),
        ({"best_of": 2, "n": 2}, "leave `n` at 1"),
    ],
)
def test_a_number_that_cannot_be_chosen_from_is_a_bad_request(
    client: openai.OpenAI, wrong: dict[str, object], told: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=told):
        client.chat.completions.create(model="base", messages=HELLO, extra_body=wrong)


def test_the_best_of_four_is_one_answer_that_says_what_chose_it(client: openai.OpenAI, taught: Site) -> None:
    answer = client.chat.completions.create(model="base", messages=KNOWN, extra_body={"best_of": 4})
    assert len(answer.choices) == 1
    assert answer.choices[0].index == 0
    assert answer.choices[0].message.content
    assert answer.model_extra == {"best_of": {"of": 4, "by": "the live reward model"}}
    single = client.chat.completions.create(model="base", messages=KNOWN, extra_body={"best_of": 1})
    assert single.model_extra == {}


def test_a_reader_who_leaves_ends_all_candidates(client: openai.OpenAI, taught: Site) -> None:
    more = {"best_of": 8}
    with client.chat.completions.create(
        model="base", messages=KNOWN, stream=True, max_tokens=900, temperature=2, extra_body=more
    ) as stream:
        next(iter(stream))
    again = client.chat.completions.create(model="base", messages=KNOWN, max_tokens=4, timeout=20)
    assert again.choices


def test_a_streamed_best_comes_once_it_is_known(client: openai.OpenAI, taught: Site) -> None:
    chunks = list(
        client.chat.completions.create(
            model="base", messages=KNOWN, stream=True, temperature=0, extra_body={"best_of": 2}
        )
    )
    said = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    whole = client.chat.completions.create(model="base", messages=KNOWN, temperature=0)
    assert said == [whole.choices[0].message.content]
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")
    assert chunks[-1].model_extra == {"best_of": {"of": 2, "by": "the live reward model"}}


def test_the_answer_is_the_one_that_the_owner_is_thought_to_like(client: openai.OpenAI, taught: Site) -> None:
    live = taught.app.services.live_reward
    with patch.object(live, "score", wraps=live.score) as scored:
        answer = client.chat.completions.create(model="base", messages=KNOWN, extra_body={"best_of": 8})
    candidates = scored.call_args.args[1]
    assert 1 <= len(candidates) <= 8
    assert (answer.choices[0].message.content or "").strip() == max(candidates, key=len)
