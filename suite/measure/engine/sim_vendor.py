"""The vendor behind the scripted server: an honest model, and the cheats that its script names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from suite.measure.engine.sim_cheats import CHEATS
from suite.measure.engine.sim_reply import Memory

if TYPE_CHECKING:
    from suite.measure.engine.sim_model import MiniModel
    from suite.measure.engine.sim_reply import Reply
    from suite.measure.engine.sim_script import Script
    from suite.measure.engine.sim_stream import Request


class Vendor:
    """Answers requests as its script says; without a model it leaves them to the script's words."""

    def __init__(self, script: Script) -> None:
        """Read the model, where the script wants one."""
        self._script = script
        self._model = _model(script.stories) if script.answers == "mini" else None
        self._memory = Memory()

    def reply(self, number: int, request: Request) -> Reply | None:
        """What the model says, and what the cheats make of it; None without a model."""
        if self._model is None:
            return None
        ask = self._model.ask(number, request)
        reply = self._model.reply(self._script, ask, request.limit, exact=request.exact)
        for name in self._script.cheats:
            apply = CHEATS[name].apply
            if apply is not None:
                apply(reply, ask, self._memory)
        if reply.retold is not None:
            reply.texts, reply.ids = self._model.tokens(reply.retold)
        if len(reply.ids) > request.limit:
            del reply.texts[request.limit :], reply.ids[request.limit :]
            reply.cut = True
        return reply


def _model(stories: str) -> MiniModel:
    # Only a script that wants the model needs the packages that read it.
    from suite.measure.engine.sim_model import MiniModel  # noqa: PLC0415 - as said

    return MiniModel(stories)
