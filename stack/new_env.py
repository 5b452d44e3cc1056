"""Write .env for compose.yaml: .env.example with a fresh secret for each variable that has no value there.

A .env that is there already keeps every line, and gets the secrets that a newer .env.example has and it has not.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WITHOUT_VALUE = re.compile(r"^([A-Z][A-Z0-9_]*)=$", re.MULTILINE)
RANDOM_BYTES = {"AIRFLOW_FERNET_KEY": 32, "AIRFLOW_JWT_SECRET": 48}
"""Where the use asks for a length: Fernet for exactly 32 bytes, HMAC-SHA512 for 64 characters at least."""


def new_secret(name: str) -> str:
    """Give random bytes as URL-safe base64, so that a URL or JSON needs no quoting for it."""
    return base64.urlsafe_b64encode(secrets.token_bytes(RANDOM_BYTES.get(name, 24))).decode()


def fill(example: str) -> str:
    """Give each variable without a value one of its own."""
    return WITHOUT_VALUE.sub(lambda match: f"{match[1]}={new_secret(match[1])}", example)


def write_new(path: Path, text: str) -> None:
    """Create a file that only its owner can read; never replaces one, because the database knows the old password."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def add_missing(path: Path, example: str) -> list[str]:
    """Add to a file the variables without a value in the example that it does not name; give their names."""
    text = path.read_text(encoding="utf-8")
    missing = [name for name in WITHOUT_VALUE.findall(example) if not re.search(rf"^{name}=", text, re.MULTILINE)]
    if missing:
        with path.open("a", encoding="utf-8") as file:
            file.write(
                "".join(["" if text.endswith("\n") else "\n", *(f"{name}={new_secret(name)}\n" for name in missing)])
            )
    return missing


def main() -> int:
    """Write .env beside .env.example, or into the folder that is named, or add to the one that is there."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    target, example = folder / ".env", (ROOT / ".env.example").read_text(encoding="utf-8")
    try:
        write_new(target, fill(example))
        said = "written with new secrets; log in as admin with AIRFLOW_ADMIN_PASSWORD"
    except FileExistsError:
        added = add_missing(target, example)
        said = f"added new secrets for {', '.join(added)}" if added else "has every secret already and stays as it is"
    print(f"{target}: {said}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
