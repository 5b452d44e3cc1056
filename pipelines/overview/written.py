"""A value in one line, as the YAML could have it, without what nobody may read."""

from __future__ import annotations

from typing import Any

from schemas.diagnostic import printable
from schemas.rules.secrets import without_secrets

_ENDS_OF_DOCUMENT = "\n..."


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
