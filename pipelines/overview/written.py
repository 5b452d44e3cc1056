"""A value in one line, as the YAML could have it, without what nobody may read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from schemas.diagnostic import printable
from schemas.rules.secrets import without_secrets
from schemas.spec import Pipeline

_ENDS_OF_DOCUMENT = "\n..."


def hidden(text: str, pipelines: Iterable[Pipeline]) -> str:
    """Give what is shown of pipelines without the secrets in their files, wherever these are repeated.

    :param text: for people, or JSON
    :param pipelines: those that it tells of
    """
    for secret in dict.fromkeys(secret for pipeline in pipelines for secret in pipeline.secrets):
        for form in (secret, json.dumps(secret, ensure_ascii=False)[1:-1]):
            text = text.replace(form, "***")
    return text


def written(value: Any, name: str = "", *, longest: int | None = None) -> str:
    """Write a value in one line of YAML; secrets are asterisks.

    :param value: of a pipeline that was checked, or a part of it
    :param name: the key that it stands under
    :param longest: so many characters are shown
    """
    import yaml

    hidden = without_secrets(value, name)
    if isinstance(hidden, str):
        text = " ".join(hidden.split()) if "\n" in hidden else hidden
    else:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = yaml.dump(
            hidden, Dumper=dumper, default_flow_style=True, width=1_000_000, sort_keys=False, allow_unicode=True
        )
        text = text.rstrip("\n").removesuffix(_ENDS_OF_DOCUMENT)
    text = printable(text)
    return text if longest is None or len(text) <= longest else f"{text[: longest - 1]}…"
