"""The command `pipelines`: what is printed and which exit code comes back."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.commands import COMMANDS
from schemas.catalogue import CATALOGUE
from schemas.explanations import read_explanation
from schemas.formats import FORMATS

GOOD = "orders:\n  tasks:\n    a: {operator: airflow.providers.standard.operators.empty.EmptyOperator}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipelines").mkdir()
    return tmp_path / "pipelines"


def run(*argv: str) -> tuple[int, str]:
    out = io.StringIO()
    return main(argv, out), out.getvalue()


def test_a_clean_folder_prints_nothing_and_exits_0(folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD)
    assert run("check") == (0, "")


def test_problems_are_printed_with_their_place_and_exit_1(folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD.replace("tasks", "task"))
    code, text = run("check", "pipelines/orders.yaml")
    assert code == 1
    assert (
        text.splitlines()[0] == 'pipelines/orders.yaml:2:3: P101 unknown key "task" in pipeline "orders" [unknown-key]'
    )


WARNED = GOOD.replace("standard.operators.empty.EmptyOperator", "ssh.operators.ssh.SSHOperator")


def test_a_warning_is_printed_and_only_strict_makes_it_a_problem(folder: Path) -> None:
    (folder / "orders.yaml").write_text(WARNED)
    code, text = run("check")
    assert (code, text.splitlines()[0].split(" ")[1:3]) == (0, ["P403", "warning:"])
    assert run("check", "--strict") == (1, text)


@pytest.mark.parametrize("form", list(FORMATS))
def test_every_format_has_the_problem_and_exits_1(folder: Path, form: str) -> None:
    (folder / "orders.yaml").write_text(GOOD.replace("tasks", "task"))
    code, text = run("check", "--format", form)
    assert code == 1
    assert "P101" in text


def test_a_file_named_twice_is_checked_once_and_shown_as_named_first(folder: Path) -> None:
    path = folder / "orders.yaml"
    path.write_text(GOOD.replace("tasks", "task"))
    code, text = run("check", "pipelines", "./pipelines/orders.yaml", str(path), "pipelines/../pipelines")
    assert (code, text.count("P101")) == (1, 1)
    assert text.startswith("pipelines/orders.yaml:2:3: ")


def test_an_absolute_path_in_the_folder_is_shown_relative_to_it(folder: Path) -> None:
    path = folder / "orders.yaml"
    path.write_text("")
    assert run("check", str(path))[1].startswith("pipelines/orders.yaml:1:1: P010 ")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("argv", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_at_a_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (folder / "orders.yaml").write_text("")
    out = Terminal()
    main(["check", *argv], out)
    assert ("\x1b[" in out.getvalue()) is coloured


def test_a_terminal_ends_with_a_count_and_a_pipe_does_not(folder: Path) -> None:
    (folder / "orders.yaml").write_text("")
    out = Terminal()
    main(["check", "--color", "never"], out)
    assert out.getvalue() == run("check")[1] + "1 error in 1 file\n"


def test_a_pipe_can_be_coloured_on_request(folder: Path) -> None:
    (folder / "orders.yaml").write_text("")
    assert "\x1b[" in run("check", "--color", "always")[1]


@pytest.mark.parametrize("word", ["P101", "p101", "unknown-key"])
def test_explain_prints_the_explanation(word: str) -> None:
    code, text = run("explain", word)
    assert code == 0
    assert text.startswith("P101 unknown-key\n\nError: ")
    assert text.endswith(read_explanation("P101"))


def test_explain_alone_lists_all_rules() -> None:
    code, text = run("explain")
    assert code == 0
    assert [line.split()[0] for line in text.splitlines()] == list(CATALOGUE)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["check", "nowhere.yaml"], "nowhere.yaml: no such file or folder"),
        (["check", "pipelines"], "pipelines: the folder has no YAML files"),
        (["check"], "pipelines: the folder has no YAML files"),
        (["check", "link.yaml"], "link.yaml: the link leads nowhere"),
        (["explain", "P90"], 'there is no rule "P90"; did you mean "P900"?'),
        (["explain", "unknown-keys"], 'there is no rule "unknown-keys"; did you mean "unknown-key"?'),
        (["explain", "zzz\n"], 'there is no rule "zzz\\n"; `pipelines explain` lists the rules'),
    ],
)
def test_bad_usage_is_one_line_and_exits_2(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    (folder.parent / "link.yaml").symlink_to("gone.yaml")
    assert run(*argv) == (2, "")
    assert capsys.readouterr().err == f"pipelines: {message}\n"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "pipelines: the following arguments are required: COMMAND (see pipelines --help)"),
        (["check", "--nonsense"], "pipelines: unrecognized arguments: --nonsense (see pipelines --help)"),
        (["chek"], "pipelines: argument COMMAND: invalid choice: 'chek' (choose from"),
        (["check", "--format", "xml"], "pipelines check: argument --format: invalid choice: 'xml' (choose from"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exits_2(
    capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    (line,) = capsys.readouterr().err.splitlines()
    assert (caught.value.code, line[: len(message)]) == (2, message)


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody may pass; those of pytest are its user's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("name", ["locked.yaml", "locked"])
def test_what_may_not_be_read_is_one_line_and_exits_2(public_folder: Path, name: str) -> None:
    (public_folder / "orders.yaml").write_text(GOOD)
    (public_folder / "locked.yaml").write_text(GOOD)
    (public_folder / "locked").mkdir()
    (public_folder / name).chmod(0)
    done = run_as_nobody(public_folder, "check", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"pipelines: {name}: cannot be read: permission denied\n"


def test_a_file_of_a_folder_that_may_not_be_read_is_a_problem_beside_the_others(public_folder: Path) -> None:
    (public_folder / "locked.yaml").write_text(GOOD)
    (public_folder / "locked.yaml").chmod(0)
    (public_folder / "orders.yaml").write_text("")
    done = run_as_nobody(public_folder, "check", ".")
    assert done.returncode == 1
    assert "locked.yaml:1:1: P001 the file cannot be read: permission denied [unreadable-file]" in done.stdout
    assert "orders.yaml:1:1: P010 " in done.stdout


def run_as_nobody(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody whom permissions hold; they do not hold root."""
    program = (
        "import io, os, sys; from pipelines.cli import main\n"
        # what is imported late is imported while the interpreter's own folder may still be read
        "main(['check', 'orders.yaml'], io.StringIO())\n"
        "os.setuid(65534) if os.geteuid() == 0 else None; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *argv]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"pipelines {version('ml-pipelines-airflow')}\n")


@pytest.mark.parametrize("argv", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_says_what_there_is(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("usage: pipelines")


def test_an_internal_failure_exits_3_and_shows_where(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("schemas.checker.check_files", broken)
    (folder / "orders.yaml").write_text(GOOD)
    assert run("check")[0] == 3
    error = capsys.readouterr().err
    assert "ZeroDivisionError" in error
    assert error.splitlines()[-1].startswith("pipelines: internal failure")


def start(folder: Path, *argv: str, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.cli", *argv]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, env={**os.environ, **environment})


def test_a_reader_that_goes_away_is_no_traceback(folder: Path) -> None:
    (folder / "orders.yaml").write_text("a:\n  tasks:\n" + "".join(f"    t{i}: {{}}\n" for i in range(5000)))
    process = start(folder.parent, "check")
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() == 1


def test_a_terminal_without_unicode_still_shows_every_problem(folder: Path) -> None:
    (folder / "l\udcfcge.yaml").write_text("a:\n  tasks:\n    é: {operator: 訓練}\n", encoding="utf-8")
    out, error = start(folder.parent, "check", PYTHONIOENCODING="ascii").communicate()
    assert error == b""
    assert out.startswith(b"pipelines/l\\udcfcge.yaml:3:5: P108 ")


def test_a_check_imports_nothing_that_only_other_formats_need(folder: Path) -> None:
    (folder / "orders.yaml").write_text(GOOD)
    program = (
        "import sys; from pipelines.cli import main; main(['check']); "
        "print(sorted({'xml.etree', 'importlib.metadata', 'jsonschema', 'email', 'schemas.explanations', "
        "'pipelines.commands.list', 'pipelines.commands.run', 'subprocess'} "
        "& set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=folder.parent, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


class TestLayers:
    """Defaults, environments and templates at the command line."""

    def test_every_environment_is_checked_or_the_one_that_is_named(self, folder: Path) -> None:
        (folder / "environments").mkdir()
        (folder / "orders.yaml").write_text(GOOD)
        (folder / "environments" / "prod.yaml").write_text("orders: {catchup: maybe}\n")
        (folder / "environments" / "dev.yaml").write_text("orders: {catchup: false}\n")
        code, text = run("check")
        assert (code, text.split(" ")[0]) == (1, "pipelines/environments/prod.yaml:1:19:")
        assert run("check", "--environment", "dev") == (0, "")
        assert run("check", "--environment", "prod")[0] == 1

    def test_an_environment_that_does_not_exist_is_a_problem(self, folder: Path) -> None:
        (folder / "environments").mkdir()
        (folder / "orders.yaml").write_text(GOOD)
        (folder / "environments" / "prod.yaml").touch()
        code, text = run("check", "--environment", "prd")
        assert code == 1
        assert text == (
            'pipelines/environments/prd.yaml:1:1: P802 there is no environment "prd" [unknown-environment]\n'
            '  hint: did you mean "prod"?\n'
        )

    def test_a_hook_that_is_given_a_template_alone_checks_what_is_made_of_it(self, folder: Path) -> None:
        (folder / "templates").mkdir()
        template = folder / "templates" / "load.yaml"
        template.write_text("parameters: {tries: {type: integer}}\npipeline:\n" + GOOD.partition("\n")[2])
        (folder / "made.yaml").write_text("made: {template: load, parameters: {tries: 3}}\n")
        code, text = run("check", str(template), "--strict")
        assert (code, text.split(" ")[:2]) == (1, ["pipelines/templates/load.yaml:1:14:", "P815"])
        template.write_text(template.read_text().replace("Operator}", "Operator, retries: '${{ parameters.tries }}'}"))
        assert run("check", str(template), "--strict") == (0, "")
        (folder / "made.yaml").write_text("made: {template: load, parameters: {tries: -3}}\n")
        code, text = run("check", str(template), "--strict")
        assert (code, text.split(" ")[:2]) == (1, ["pipelines/made.yaml:1:44:", "P106"])
        assert "it is put in at pipelines/templates/load.yaml:4:" in text
