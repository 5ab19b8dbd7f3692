"""Asking a model, as an Action: what policy judges before a conversation leaves for it."""

from __future__ import annotations

from assistant.types import Action, Argument, Effect, Kind, Label, ModelInfo, Resource, Role


def consult_action(info: ModelInfo, label: Label, folder: str) -> Action:
    """Sending a conversation of this label to the model."""
    return Action(
        "model",
        Effect.CONSULT,
        Resource("model", info.id),
        (Argument("label", str(label.confidentiality), Role.PAYLOAD, Kind.TEXT),),
        folder,
        {
            "local": info.local,
            "confidentiality": str(label.confidentiality),
            "integrity": str(label.integrity),
            "provider": info.provider,
        },
    )
