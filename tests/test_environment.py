"""The three lists of dependencies say the same."""

import re
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

import evallib

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRA_OF_CONDA = {"pip", "brotli"}  # brotli is what fonttools[woff] brings along


def bounds(lines):
    return {(r := Requirement(line)).name.lower(): str(r.specifier) for line in lines}


def test_conda_environment_equals_pyproject_by_names_and_bounds():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = [item for item in listed if isinstance(item, str)]
    from_pip = next(item["pip"] for item in listed if isinstance(item, dict))
    conda = bounds(plain + from_pip)
    assert bounds([f"python{PROJECT['requires-python']}"])["python"] == conda.pop("python")
    wanted = bounds(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"])
    assert {k: v for k, v in conda.items() if k not in EXTRA_OF_CONDA} == wanted


def test_the_lock_holds_every_dependency_within_its_bounds():
    locked = dict(
        re.findall(
            r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / "requirements.lock").read_text(), re.M
        )
    )
    for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]:
        requirement = Requirement(line)
        assert requirement.specifier.contains(locked[requirement.name.lower()]), line


def test_no_registry_address_is_in_the_lock():
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_version_is_stated_once_more_and_the_same():
    assert evallib.__version__ == PROJECT["version"]


def test_an_environment_is_set_up_by_the_python_below_it(tmp_path, monkeypatch):
    """Else ``.venv/bin/python run.py`` would remove the Python that it runs on, and end there."""
    monkeypatch.syspath_prepend(str(ROOT))
    import run as launcher

    commands = []
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    monkeypatch.setattr(launcher, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(launcher, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(launcher, "install", lambda python: None)
    monkeypatch.setattr(launcher.subprocess, "run", lambda command, **_: commands.append(command))
    launcher.environment()
    assert commands == [[sys._base_executable, "-m", "venv", str(tmp_path / ".venv")]]
    assert not Path(commands[0][0]).is_relative_to(ROOT)
