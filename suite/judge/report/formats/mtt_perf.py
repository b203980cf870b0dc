"""MTTransformer's perf_test grid as its combine_ret.csv has it: a row for each batch of exact lengths.

The tool sends a batch, waits for its last answer, and sends the next. Prefill is the time to the first token of the whole
batch, decode the time from there to its last token; the first token counts as prefill, so that ``d`` tokens are ``d - 1``
decoded ones. Phases in lockstep and those of single requests are such grids, others have no row; several batches of a
phase give their mean. A blank row stands behind each model's rows.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from suite.base import jsonio
from suite.base.bilingual import Bilingual, Sentence
from suite.base.errors import EvidenceError
from suite.base.statistics import mean
from suite.documents.document import given
from suite.judge.report.formats.format import Format
from suite.judge.report.othertools.loads import loads
from suite.judge.report.othertools.tabular import table
from suite.judge.report.othertools.view import first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from suite.base.jsonio import JSONValue
    from suite.evidence import Evidence
    from suite.judge.log.samples import Answer
    from suite.judge.report.formats.format import Subject
    from suite.judge.report.othertools.loads import Load

COLUMNS = (
    *("Model", "Data_Type", "GPU_Num", "num_heads", "num_kv_heads", "num_layers"),
    *("tensor_para_size", "pipeline_para_size", "vocab_size", "quantization"),
    *("batch", "prefill_tokens", "decode_tokens", "prefill_latency(ms)", "generated_tokens"),
    *("generation_time(ms)", "latency(ms)", "tokens_per_second"),
    *("single_batch_decode_tps", "total_decode_tps"),
)


def render_all(subjects: Sequence[Subject]) -> bytes:
    """The rows of all runs, run by run.

    Raises:
        EvidenceError: ``nothing-to-export``: no run has such a phase.
    """
    rows: list[dict[str, object]] = []
    for subject in subjects:
        mine = list(_rows(subject))
        if mine:
            rows += [*mine, dict.fromkeys(COLUMNS, "")]
    if not rows:
        message = Sentence(
            "no phase sends whole batches, or single requests", "没有阶段发送整批请求或单个请求"
        )
        raise EvidenceError("nothing-to-export", message)
    return table(COLUMNS, rows)


def _rows(subject: Subject) -> Iterator[dict[str, object]]:
    for load in loads(subject):
        batches = list(_batches(load))
        if batches:
            yield _model(load.evidence) | _numbers(load, batches)


def _batches(load: Load) -> Iterator[tuple[Answer, ...]]:
    """The answers of each batch that ended well as a whole."""
    doc = load.phase.doc
    size = 1 if load.phase.one_at_a_time else doc.concurrency
    if size is None or not (load.phase.one_at_a_time or given(doc.lockstep, False)):
        return
    batches: dict[int, list[Answer]] = defaultdict(list)
    for answer in load.answers:
        batches[answer.event.index // size].append(answer)
    yield from (tuple(batch) for batch in batches.values() if len(batch) == size)


def _numbers(load: Load, batches: Sequence[Sequence[Answer]]) -> dict[str, object]:
    """Of a phase's batches; times in milliseconds, rates in tokens per second."""
    size = len(batches[0])
    prefills, decodes = [], []
    for batch in batches:
        filled = max(map(first, batch))
        prefills.append((filled - min(answer.sent for answer in batch)) / 1e6)
        decodes.append((max(answer.last for answer in batch) - filled) / 1e6)
    prefill, decode = mean(prefills), mean(decodes)
    asked = round(load.totals.generated / len(load.answers))
    generated = max(0, asked - 1) * size
    rate = generated / decode * 1e3 if decode > 0 else 0.0
    return {
        "batch": size,
        "prefill_tokens": round(load.totals.prompt / len(load.answers)),
        "decode_tokens": asked,
        "prefill_latency(ms)": f"{prefill:.2f}",
        "generated_tokens": generated,
        "generation_time(ms)": f"{decode:.2f}",
        "latency(ms)": f"{prefill + decode:.2f}",
        "tokens_per_second": f"{generated / (prefill + decode) * 1e3:.2f}",
        "single_batch_decode_tps": f"{rate / size:.2f}",
        "total_decode_tps": f"{rate:.2f}",
    }


def _model(evidence: Evidence) -> dict[str, object]:
    """What heads every row; empty where the run does not tell it."""
    plan = evidence.plan
    return {
        "Model": plan.model.id,
        "Data_Type": plan.engine.dtype.executed,
        "GPU_Num": plan.devices.count or "",
        "num_heads": plan.model.facts.heads or "",
        "num_kv_heads": _configured(evidence, "num_key_value_heads"),
        "num_layers": sum(group.count for group in plan.model.facts.layers) or "",
        "tensor_para_size": plan.engine.tensor_parallel,
        "pipeline_para_size": 1,
        "vocab_size": _configured(evidence, "vocab_size"),
        "quantization": plan.engine.quantisation or "QuantMode.0",
    }


def _configured(evidence: Evidence, name: str) -> JSONValue:
    config = jsonio.loads(evidence.basis.model.source.config) if evidence.basis else None
    return config.get(name, "") if isinstance(config, dict) else ""


FORMAT = Format(
    Bilingual(
        "MTTransformer's perf_test grid (combine_ret.csv)",
        "MTTransformer 性能测试结果（combine_ret.csv）",
    ),
    ".csv",
    "evidence",
    lambda subject: render_all((subject,)),
    render_all=render_all,
)
