"""Packages from PyPI, in a virtual environment of the checkout where the Python at hand lacks them."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import venv

VENV = pathlib.Path(__file__).resolve().parent.parent.parent / ".venv"


def need(packages, install):
    """Goes on in .venv if this Python lacks one of `packages`; `install` are pip's arguments for them.

    Returns what is wrong if they can't be had, else None.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    python = VENV / "bin" / "python"
    if pathlib.Path(sys.prefix) == VENV:
        return f"{VENV} lacks {', '.join(missing)}"
    if os.environ.get("NO_INSTALL", "0") not in ("", "0"):
        if not python.exists():
            return f"no {', '.join(missing)} here, and NO_INSTALL is set"
        os.execv(python, [str(python), *sys.argv])
    try:
        if not python.exists():
            try:
                venv.create(VENV, with_pip=True)
            except subprocess.CalledProcessError:
                shutil.rmtree(VENV, ignore_errors=True)
                raise
        # Imported where they will be used; found there or not, pip has the last word.
        print(f"no {', '.join(missing)} here: installing into {VENV}", file=sys.stderr)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *install],
            check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)
    os.execv(python, [str(python), *sys.argv])
