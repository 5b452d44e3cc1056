"""The setting ``[pipelines] source_url``: the address of a line in the repository that the YAML files come from."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from urllib.parse import quote, urlsplit

_SETTING = "[pipelines] source_url"
_PATH, _LINE = ("path", "", None), ("line", "", None)
"""Placeholders without a format of their own, as :class:`string.Formatter` has them."""
_EXAMPLE = "https://github.com/acme/ml/blob/main/{path}#L{line}"


class SourceUrlError(ValueError):
    """A template that gives no address; the message says why, and how it would be right."""


@dataclass(frozen=True, slots=True)
class SourceUrl:
    """A template that was checked."""

    template: str

    @classmethod
    def parse(cls, template: str) -> SourceUrl:
        """Check a template.

        :param template: an http or https address with ``{path}`` and, if the host can show one, ``{line}``
        :raises SourceUrlError: if it is none
        """
        wrong = f"{_SETTING} is no address with {{path}} and {{line}}, as {_EXAMPLE} is: "
        try:
            address, fields = (
                urlsplit(template),
                [part[1:] for part in Formatter().parse(template) if part[1] is not None],
            )
        except ValueError as error:
            raise SourceUrlError(f"{wrong}{error}") from None
        if address.username is not None:
            raise SourceUrlError(f"{wrong}there is a user name before the host, which everyone would see")
        if address.scheme not in ("http", "https") or not address.hostname:
            raise SourceUrlError(f"{wrong}it begins neither with http:// nor with https://, and a host")
        if _PATH not in fields or any(field not in (_PATH, _LINE) for field in fields) or "{" in address.netloc:
            raise SourceUrlError(
                f"{wrong}{{path}} must be in it after the host, {{line}} may be, and nothing else in braces"
            )
        return cls(template)

    def of(self, path: str, line: int) -> str:
        """Give the address of a line.

        :param path: of the file in the repository
        :param line: counted from 1
        """
        return self.template.format(path=quote(path, safe="/"), line=line)

    def of_file(self, path: str) -> str:
        """Give the address of a file, whichever line.

        :param path: of the file in the repository
        """
        before, _, fragment = self.template.partition("#")
        return SourceUrl(before if "{line}" in fragment else self.template).of(path, 1)


def configured_source_url() -> SourceUrl | None:
    """Give the setting's address, or None if there is no setting.

    :raises SourceUrlError: if it is wrong
    """
    from airflow.sdk.configuration import conf

    template = conf.get("pipelines", "source_url", fallback="")
    return SourceUrl.parse(template.strip()) if template and template.strip() else None
