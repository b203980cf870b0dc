"""The engine half of a plan: command, environment, request, precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from suite.base.bilingual import Sentence
from suite.base.errors import UsageError
from suite.declare.plan.container import container_doc, image_doc, preflight, process_doc
from suite.declare.plan.flags import read_flags
from suite.declare.plan.imagechoice import choose_image
from suite.declare.plan.topology import role_command
from suite.declare.vendor import arguments, template
from suite.declare.vendor.arguments import Given
from suite.documents.document import given
from suite.documents.engine import (
    CLAIMED,
    PROBE_TARGET,
    RECIPE_TARGET,
    RUNNING_SERVER,
    CompileCache,
    Container,
    Conversion,
    Dtype,
    Engine,
    Readiness,
    RequestFormat,
)
from suite.documents.plan import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from suite.declare.plan.choice import Choice
    from suite.documents.basis import Thinking
    from suite.documents.vendor_engine import DeclaredEngine, Switch
    from suite.documents.vendor_model import DtypeRow

_INSIDE_HOST = "0.0.0.0"  # noqa: S104 - inside a container; the published port is on the loopback address
_LOOPBACK = "127.0.0.1"


def placeholders(
    choice: Choice, dtype: DtypeRow, max_model_len: int, model_type: str
) -> dict[str, str]:
    """The values of every placeholder but those of the converter's directories."""
    engine, device = choice.engine, choice.device
    process = choice.runtime == "process"
    target = choice.model.path if process else engine.model_target
    image = engine.images[0].reference if choice.options.image is None else choice.options.image
    host = _LOOPBACK if process or choice.access.host_network is not UNSET else _INSIDE_HOST
    layout = choice.layout
    return {
        "model": target,
        "model_name": choice.model.id.rpartition("/")[2],
        "model_type": model_type,
        "served_model_name": served_name(choice, target),
        "tensor_parallel": str(choice.ranks),
        "devices": str(len(choice.indices)),
        "visible": choice.visible,
        "dtype": dtype.requested,
        "max_model_len": str(max_model_len),
        # Over several nodes the client, too, may be on another machine.
        "host": host if layout is None else "{node_address}",
        "port": str(engine.port),
        "peak_probe": PROBE_TARGET,
        "recipe": RECIPE_TARGET,
        "arch": given(device.architecture, ""),
        "image": image,
        **({} if layout is None else layout.values()),
    }


def served_name(choice: Choice, target: str) -> str:
    """The name that requests send: the model's id where the engine can be told one, else its path."""
    if choice.options.served_model_name is not None:
        return choice.options.served_model_name
    named = arguments.find_rule(choice.engine, "--served-model-name") is not None
    return choice.model.id if named or not choice.starts_engine else target


@dataclass(frozen=True, slots=True)
class Started:
    """The arguments and variables that the engine gets, and what follows from them.

    Attributes:
        words: every argument with its value.
        env: the variables.
        container: how the container starts; None without one.
        prefix_caching: work is reused across requests.
        speculative_decoding: tokens are guessed ahead.
        quantisation: method, or None.
        cache_quantisation: how keys and values are rounded, or None.
    """

    words: list[str]
    env: dict[str, str]
    container: Container | None
    prefix_caching: bool
    speculative_decoding: bool
    quantisation: str | None
    cache_quantisation: str | None


def started(
    choice: Choice,
    values: Mapping[str, str],
    overrides: Mapping[str, str],
    conversion: Conversion | None,
) -> Started:
    """Apply the argument rules.

    Args:
        choice: what was chosen.
        values: placeholders.
        overrides: the user's engine arguments by name; an empty value or ``true`` is a flag.
        conversion: the step before, if any.

    Raises:
        UsageError: of `suite.declare.vendor.arguments.resolve`; ``env-closed``.
    """
    engine = choice.engine
    user = user_arguments(engine, overrides)
    words = arguments.words(
        arguments.resolve(engine, values, choice.situation, user, closed=choice.closed)
    )
    container = container_doc(choice, conversion) if choice.runtime == "container" else None
    env = _environment(choice, values, container)
    flags = read_flags(words, env)
    # What a server that runs already does, nobody here has switched off.
    ours = choice.plain and choice.runtime != "endpoint"
    caching = _switched_on(engine.prefix_caching, words, plain=ours)
    speculative = _switched_on(engine.speculative_decoding, words, plain=ours)
    if not caching and engine.prefix_caching.default in ("on", "unknown"):
        disable = engine.prefix_caching.disable
        words += [] if arguments.mentions(words, disable) else disable
    return Started(
        words,
        env,
        container,
        prefix_caching=caching or flags.prefix_caching is True,
        speculative_decoding=speculative or flags.speculative_decoding is True,
        quantisation=_quantisation(choice, words) or flags.quantisation,
        cache_quantisation=flags.cache_dtype,
    )


def _stack(choice: Choice) -> dict[str, str]:
    """The versions that belong together on the chosen accelerator: the first declared set that is for it; empty for none."""
    device = choice.device.id
    stacks = (row for row in choice.engine.stacks if device in given(row.accelerators, (device,)))
    return next((dict(stack.components) for stack in stacks), {})


def engine_doc(
    choice: Choice,
    start: Started,
    *,
    values: Mapping[str, str],
    dtype: DtypeRow,
    max_model_len: int,
    request: RequestFormat,
    url: str | None,
) -> Engine:
    """The engine as it will be started.

    Args:
        choice: what was chosen.
        start: its arguments.
        values: placeholders.
        dtype: the precision.
        max_model_len: tokens.
        request: how its server is asked.
        url: of a server that runs already.

    Raises:
        UsageError: of `choose_image`.
    """
    engine, container = choice.engine, start.container
    image = choose_image(engine, choice.device, choice.options.image) if container else None
    ready = engine.readiness
    return Engine(
        id=engine.id,
        title=_title(choice),
        stack=_stack(choice),
        command=tuple(_command(choice, values, start.words) if choice.starts_engine else []),
        pre_commands=tuple(tuple(template.fill_all(step, values)) for step in engine.pre_commands),
        env=start.env,
        unset_env=tuple(item.name for item in engine.unset_env),
        port=engine.port,
        served_model_name=values["served_model_name"],
        model_target=values["model"],
        image=None if image is None else image_doc(image),
        container=container,
        process=process_doc(engine, choice.options.engine_python)
        if choice.runtime == "process"
        else None,
        url=url if choice.runtime == "endpoint" else None,
        readiness=Readiness(
            path=ready.path, timeout_s=ready.timeout_s, interval_s=ready.interval_s
        ),
        request=request,
        dtype=_dtype(choice, dtype),
        tensor_parallel=choice.ranks,
        max_model_len=max_model_len,
        prefix_caching=start.prefix_caching,
        quantisation=_rounded(start),
        speculative_decoding=start.speculative_decoding,
        preflight=tuple(preflight(choice)),
        peak_probe=_peak_probe(choice, values, dtype),
        compile_cache=_compile_cache(choice),
    )


def _compile_cache(choice: Choice) -> CompileCache | UnsetType:
    """What is kept from start to start, of an engine that is started here."""
    cache = choice.engine.compile_cache
    if cache is UNSET or not choice.starts_engine or choice.layout is not None:
        return UNSET  # what nodes compile, they compile for their own rank
    return CompileCache(target=cache.target, variables=dict(cache.variables))


def _rounded(start: Started) -> str | None:
    """Everything that is rounded, in words; None for nothing."""
    cache = start.cache_quantisation
    parts = [start.quantisation, f"{cache} cache" if cache else None]
    return ", ".join(part for part in parts if part) or None


def _title(choice: Choice) -> str:
    """The engine's name; of a server that runs already, only what whoever runs says it is."""
    if choice.runtime != "endpoint":
        return choice.engine.title
    return f"{choice.engine.title}{CLAIMED}" if choice.engine_named else str(RUNNING_SERVER)


def _dtype(choice: Choice, dtype: DtypeRow) -> Dtype:
    """The precision; of a server that runs already nobody observed it."""
    if choice.runtime == "endpoint":
        note = Sentence(
            "of a running server nobody observed the precision", "运行中的服务器的精度未经观测"
        )
        return Dtype(requested=choice.options.dtype or UNKNOWN, executed=UNKNOWN, note=note)
    return Dtype(requested=dtype.requested, executed=dtype.executed, note=dtype.note)


def _peak_probe(
    choice: Choice, values: Mapping[str, str], dtype: DtypeRow
) -> tuple[str, ...] | UnsetType:
    declared = choice.engine.peak_probe
    wanted = choice.starts_engine and choice.options.measured_peak and choice.layout is None
    if declared is UNSET or not wanted:
        return UNSET
    return (*template.fill_all(declared.command, values), "--dtype", dtype.executed)


def user_arguments(engine: DeclaredEngine, overrides: Mapping[str, str]) -> list[Given]:
    """The user's arguments in the engine's spelling."""
    result = []
    for name, value in overrides.items():
        dashed = name if name.startswith("-") else f"--{name}"
        rule = arguments.find_rule(engine, dashed)
        flag = value == "" or (value == "true" and (rule is None or rule.takes == "flag"))
        result.append(Given(arguments.spelling(dashed, rule), None if flag else value))
    return result


def _command(choice: Choice, values: Mapping[str, str], words: list[str]) -> list[str]:
    """The engine's command with its arguments; over several nodes that of the one that answers."""
    layout, process = choice.layout, given(choice.engine.process)
    if layout is not None:
        role = layout.declared.roles[0]
        return template.fill_all(role_command(choice.engine, layout, role, words), values)
    if choice.runtime == "process" and process is not None:
        return template.fill_all(process.command, values) + words
    return template.fill_all(choice.engine.command, values) + words


def _environment(
    choice: Choice, values: Mapping[str, str], container: Container | None
) -> dict[str, str]:
    if choice.closed and choice.options.env:
        name = next(iter(choice.options.env))
        hint = Sentence("or ask for --division open", "或请求 --division open")
        raise UsageError(
            "env-closed",
            Sentence(
                f"{name} may not be set in the closed division", f"{name} 在封闭赛道中不可设置"
            ),
            hint=hint,
        )
    if not choice.starts_engine:
        return {}
    result = {
        item.name: template.fill(item.value, values)
        for item in choice.engine.env
        if arguments.holds(given(item.when), choice.situation)
    }
    if container is not None:
        declared = given(choice.access.env, {})
        result.update({name: template.fill(text, values) for name, text in declared.items()})
    result.update(choice.visibility_env())
    _refuse_word_for_all(choice)
    result.update(choice.options.env)
    unset = {item.name for item in choice.engine.unset_env}
    return {name: value for name, value in result.items() if name not in unset}


def _refuse_word_for_all(choice: Choice) -> None:
    """Refuse all devices in a variable whose stack knows no word for them."""
    visibility = choice.vendor.doc.visibility
    for variable in filter(None, (visibility.container, *visibility.process)):
        given_value = choice.options.env.get(variable.variable, "")
        if variable.all is None and given_value.strip().lower() == "all":
            message = Sentence(
                f"{variable.variable} takes no word for all devices",
                f"{variable.variable} 没有表示全部设备的写法",
            )
            hint = Sentence(
                "name the indices, for example --visible 0,1", "请给出编号，例如 --visible 0,1"
            )
            raise UsageError("devices-wrong", message, hint=hint)


def _switched_on(switch: Switch, words: list[str], *, plain: bool) -> bool:
    """Whether a feature that reuses or guesses results is on.

    What is unknown counts as on: a card must not claim less reuse than there may be. In a plain run the
    caller switches the feature off, where there is an argument for it.
    """
    if arguments.mentions(words, switch.enable):
        return True
    if arguments.mentions(words, switch.disable) or (plain and switch.disable):
        return False
    return switch.default in ("on", "unknown")


def _quantisation(choice: Choice, words: list[str]) -> str | None:
    if choice.model.facts.quantisation is not None:
        return choice.model.facts.quantisation
    for declared in choice.engine.quantisation:
        if arguments.mentions(words, declared.arguments):
            return declared.method
    return None


def request_doc(choice: Choice, *, raw_prompt: bool, exact: bool = False) -> RequestFormat:
    """How the server is asked: the chat API where the model has a chat template, else plain completion.

    Args:
        choice: what was chosen.
        raw_prompt: the prompt is sent without a chat template.
        exact: there are requests of exact length: their prompts are token ids where the completions API
            takes them.

    Raises:
        UsageError: ``api-missing``.
    """
    request = choice.engine.request
    chat = not raw_prompt and choice.model.chat_template_sha256 is not None
    api: Literal["chat", "completions"] = "chat" if chat else "completions"
    path = request.chat_path if chat else request.completions_path
    if path is None:
        raise UsageError(
            "api-missing",
            Sentence(
                f"{choice.engine.id} has no {api} API, which this model and prompt need",
                f"{choice.engine.id} 没有此模型与提示词所需的 {api} API",
            ),
            hint=Sentence("use a model with a chat template", "请使用带对话模板的模型")
            if not chat
            else Sentence("use another engine", "请使用其他引擎"),
        )
    thinking = choice.model.thinking if chat else None
    return RequestFormat(
        api=api,
        path=path,
        extra_body=_extra_body(request.extra_body, thinking),
        stream_options=None if request.stream_options is None else dict(request.stream_options),
        token_ids=request.token_ids,
        omit=tuple(request.omit),
        done_marker=request.done_marker,
        prompt_ids=True if exact and not chat and request.prompt_ids else UNSET,
        exact_body=request.exact_body if exact else UNSET,
        thinking=UNSET if thinking is None else "begun" if thinking.begun else "off",
    )


def _extra_body(declared: Mapping[str, object], thinking: Thinking | None) -> dict[str, object]:
    """The engine's own members of a request, and the switch that turns a model's thinking off."""
    body = dict(declared)
    if thinking is not None and thinking.switch:
        own = body.get("chat_template_kwargs")
        switches = own if isinstance(own, dict) else {}
        body["chat_template_kwargs"] = {**switches, thinking.switch: False}
    return body
