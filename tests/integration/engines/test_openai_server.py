"""What is particular to an OpenAI-compatible server, against a real one on loopback."""

from dataclasses import replace

import pytest

from feedback_app.domain.comparison import Message, PromptTooLong, Sampling
from feedback_app.engines.base import EngineUnavailable, GenerationRequest
from feedback_app.engines.openai_server import OpenAiServerEngine
from tests.integration.engines.asking import answers, ask
from tests.waiting import until

pytestmark = pytest.mark.integration
SECRET = ask("my secret is 4711")


@pytest.fixture
def engine(build):
    return build("openai")


def test_base_is_the_servers_first_model_unless_it_has_one_of_that_name(engine, server):
    answers(engine, ask("Hello"))
    server.served.append("base")
    answers(engine, ask("Hello"))
    assert [body["model"] for body in server.bodies] == ["tiny-chat", "base"]


def test_a_new_version_is_loaded_once_under_its_own_name(engine, server):
    answers(engine, *[ask("Hello", "first")] * 3)
    answers(engine, ask("Hello", "first"))
    assert server.served == ["tiny-chat", "first"]


def test_a_server_that_cannot_load_adapters_is_explained(engine, server):
    server.loads_adapters = False
    with pytest.raises(EngineUnavailable, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
        engine.load("first")


def test_a_version_that_the_server_already_has_needs_no_loading(engine, server):
    server.loads_adapters = False
    server.served.append("first")
    assert answers(engine, ask("Hello", "first"))[0].finish


def test_requests_run_at_the_same_time_so_that_the_server_can_batch_them(engine, server):
    answers(engine, *[ask("Tell me a joke.", max_new_tokens=30)] * 4)
    assert server.most_running > 1


def test_closing_the_generator_ends_the_calls(engine, server):
    server.endless = True
    deltas = engine.generate([ask("Tell me a joke.")])
    next(deltas)
    deltas.close()
    until(lambda: server.running == 0 and server.stopped_early == 1)


def test_an_overloaded_server_is_asked_again(engine, server):
    server.refuse_next = [503, 429]
    assert answers(engine, ask("What is two plus two?"))[0].text == "Two plus two is four."
    assert len(server.bodies) == 3


def test_a_server_that_stays_overloaded_is_given_up_on(engine, server):
    server.refuse_next = [503] * 5
    with pytest.raises(EngineUnavailable, match="try again in a moment"):
        answers(engine, ask("Hello"))
    assert len(server.bodies) == 3


def test_a_reply_that_breaks_off_is_an_error_and_never_asked_for_again(engine, server):
    server.break_off = True
    deltas = engine.generate([ask("What is two plus two?")])
    assert next(deltas).text
    with pytest.raises(EngineUnavailable, match="in the middle"):
        list(deltas)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_errors_never_quote_the_prompt(engine, server, status):
    server.refuse_next = [status]
    with pytest.raises(EngineUnavailable) as caught:
        answers(engine, SECRET)
    shown: BaseException | None = caught.value
    while shown is not None:
        assert "secret" not in str(shown)
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def test_a_prompt_that_does_not_fit_even_alone_is_refused(engine):
    with pytest.raises(PromptTooLong, match=r"longer than the server's model can read: shorten it"):
        answers(engine, ask("long " * 1000))


def test_a_conversation_that_does_not_fit_keeps_its_system_turn(engine, server):
    turns = [Message("user", "Tell me. " * 40), Message("assistant", "No. " * 60)] * 8
    messages = (Message("system", "Be kind."), *turns, Message("user", "Hello"))
    answers(engine, GenerationRequest("base", messages, Sampling(0.0, max_new_tokens=5)))
    sent = server.bodies[-1]["messages"]
    assert sent[0] == {"role": "system", "content": "Be kind."}
    assert sent[1]["role"] == "user"
    assert sent[-1] == {"role": "user", "content": "Hello"}
    assert len(sent) < len(messages)


def test_typed_control_tokens_are_disarmed_on_their_way_out(engine, server):
    answers(engine, ask("a<|im_end|>b</s>c[INST]d<end_of_turn>"))
    content = server.bodies[0]["messages"][0]["content"]
    assert content.replace("\u200b", "") == "a<|im_end|>b</s>c[INST]d<end_of_turn>"
    assert not [token for token in ("<|im_end|>", "</s>", "[INST]", "<end_of_turn>") if token in content]


def test_sampling_and_seed_are_passed_on_but_nothing_that_only_some_servers_know(engine, server):
    sampling = {"top_p": 0.5, "max_new_tokens": 3, "top_k": 7, "repetition_penalty": 1.1}
    answers(engine, ask("Hello", seed=5, **sampling))
    [body] = server.bodies
    assert (body["seed"], body["top_p"], body["max_tokens"]) == (5, 0.5, 3)
    assert not {"top_k", "repetition_penalty"} & set(body)


def test_stop_texts_are_passed_on_so_that_the_server_ends_there(engine, server):
    answers(engine, replace(ask("Hello"), stops=("a", "b")), ask("Hello"))
    assert sorted(server.bodies, key=lambda body: "stop" in body)[1]["stop"] == ["a", "b"]
    assert sum("stop" in body for body in server.bodies) == 1


def test_of_a_server_that_does_not_count_the_pieces_are_counted(engine, server):
    server.counts = False
    [answer] = answers(engine, ask("What is two plus two?"))
    assert answer.prompt_tokens == 0
    assert answer.new_tokens == answer.pieces - 1


def test_the_key_is_sent_and_a_wrong_one_explained(tiny, server):
    server.key = "right"
    for key, right in (("right", True), ("wrong", False)):
        engine = OpenAiServerEngine(tiny.catalogue, server.url, key)
        if right:
            assert answers(engine, ask("Hello"))[0].finish
        else:
            with pytest.raises(EngineUnavailable, match="CODELYNN_ENGINE_API_KEY"):
                answers(engine, ask("Hello"))
        engine.close()


def test_no_server_at_the_address_says_what_to_do(tiny):
    engine = OpenAiServerEngine(tiny.catalogue, "http://127.0.0.1:9/v1")
    with pytest.raises(EngineUnavailable, match="correct CODELYNN_ENGINE_URL"):
        engine.models()
    engine.close()


def test_the_address_of_something_else_says_what_to_do(tiny, server):
    engine = OpenAiServerEngine(tiny.catalogue, server.url.removesuffix("/v1"))
    with pytest.raises(EngineUnavailable, match="ends in /v1"):
        engine.load("base")
    engine.close()


def test_a_reader_learns_that_the_engine_was_shut_down(engine, server):
    server.endless = True
    deltas = engine.generate([ask("Tell me a joke.")])
    next(deltas)
    engine.close()
    with pytest.raises(EngineUnavailable, match="shut down"):
        list(deltas)
