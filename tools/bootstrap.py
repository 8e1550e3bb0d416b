"""Makes ``.venv`` from nothing: a virtual environment with this package, and its development tools if asked for.

    python3 tools/bootstrap.py run|dev

Needs Python 3.11 and nothing else, changes nothing outside ``.venv``, and does nothing where ``.venv`` is as
``pyproject.toml`` wants it. Where Python came without a pip for its venv, as on a bare Debian, pip is taken from the
system, from a wheel that lies on it, or from the system's packages.

An old Python must be able to read this file, to be told that it is too old: hence the quoted annotations.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
VERSION = "{}.{}".format(*sys.version_info[:2])
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")
WHEELS = ("/usr/share/python-wheels",)
HINDERING = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
ADVICE = "install Python with its venv module (on Debian and Ubuntu: apt-get install python3-venv) and try again"


class Failed(Exception):
    """A step that did not work; the message is for people."""


def main(purpose: str) -> None:
    if sys.version_info < (3, 11):
        continue_with_newer_python()
    wanted = fingerprint()
    if any(read(f".ready-{kind}") == wanted for kind in {purpose, "dev"}) and works():
        return
    make_venv()
    what = "paragon-sync and its development tools" if purpose == "dev" else "paragon-sync"
    say(f"Installing {what} into .venv: a minute or two, this once")
    package = ROOT + ("[dev]" if purpose == "dev" else "")
    run([PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--editable", package])
    write(f".ready-{purpose}", wanted)


def fingerprint() -> str:
    """What an installation depends on: the Python, the folder, and what pyproject.toml says of the package."""
    import tomllib  # not there before Python 3.11

    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        project = tomllib.load(file)
    return hashlib.sha256(repr([maker(), project["build-system"], project["project"]]).encode()).hexdigest()


def maker() -> str:
    """What a .venv is bound to: it can be neither moved nor given another Python."""
    return f"Python {VERSION} for {ROOT}"


def works(statement: str = "pass") -> bool:
    """Whether .venv has a Python that runs the statement."""
    return os.path.exists(PYTHON) and attempt([PYTHON, "-c", statement]) is None


def make_venv() -> None:
    """Make .venv, where there is none that serves, and give it a pip by the first way that works here."""
    if not works() or read(".made") not in {None, maker()}:
        say(f"Making .venv with Python {VERSION}")
        shutil.rmtree(VENV, ignore_errors=True)
        if attempt([sys.executable, "-m", "venv", VENV]) is not None:
            shutil.rmtree(VENV, ignore_errors=True)
            run([sys.executable, "-m", "venv", "--without-pip", VENV])
        write(".made", maker())
    for way in (pip_of_the_system, pip_from_wheels_at_hand, pip_from_the_systems_packages):
        if works("import pip"):
            return
        way()
    if not works("import pip"):
        raise Failed(f"This Python has no pip, and none could be fetched:\n{ADVICE}.")


def pip_of_the_system() -> None:
    attempt([sys.executable, "-m", "pip", "--python", PYTHON, "install", "--quiet", "--no-input", "pip"])


def pip_from_wheels_at_hand() -> None:
    for folder in WHEELS:
        install_pip_from(folder)


def pip_from_the_systems_packages() -> None:
    """Fetch Debian's package of pip's wheel and unpack it in .venv; apt's own lists and cache stay as they are."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return
    say("Fetching pip from the system's packages")
    apt = os.path.join(VENV, "apt")
    for folder in ("lists/partial", "cache/archives/partial"):
        os.makedirs(os.path.join(apt, folder))
    options = [f"Dir::State::Lists={apt}/lists", f"Dir::Cache={apt}/cache", "Debug::NoLocking=1"]
    if os.geteuid() == 0:
        options.append("APT::Sandbox::User=root")  # apt's own user can't write here
    command = ["apt-get", "-qq", *(word for option in options for word in ("-o", option))]
    attempt([*command, "update"])
    attempt([*command, "download", "python3-pip-whl"], folder=apt)
    for package in glob.glob(os.path.join(apt, "*.deb")):
        attempt(["dpkg", "-x", package, apt])
    install_pip_from(os.path.join(apt, "usr", "share", "python-wheels"))
    shutil.rmtree(apt, ignore_errors=True)


def install_pip_from(folder: str) -> None:
    for wheel in sorted(glob.glob(os.path.join(folder, "pip-*.whl"))):
        attempt([PYTHON, os.path.join(wheel, "pip"), "install", "--quiet", "--no-index", "--no-input", wheel])


def run(command: "list[str]") -> None:
    output = attempt(command)
    if output is not None:
        raise Failed(f"{output.strip()}\n\nThis did not work: {' '.join(command)}\nMend what it says, or {ADVICE}.")


def attempt(command: "list[str]", folder: "str | None" = None) -> "str | None":
    """Run a command silently, with the user's configuration: None when it went well, else what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in HINDERING}
    environment.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.communicate()[0].decode("utf-8", "replace")
    return None if process.returncode == 0 else output or "no output"


def continue_with_newer_python() -> None:
    """Start again with a Python that is new enough, where there is one."""
    for name in NEWER:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *sys.argv])
    raise Failed(
        f"paragon-sync needs Python 3.11 or newer; {sys.executable} is {VERSION}.\n"
        "Install one, or name it where it has another name: make PYTHON=/path/to/python"
    )


def read(name: str) -> "str | None":
    try:
        with open(os.path.join(VENV, name), encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None


def write(name: str, text: str) -> None:
    with open(os.path.join(VENV, name), "w", encoding="utf-8") as file:
        file.write(text)


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
