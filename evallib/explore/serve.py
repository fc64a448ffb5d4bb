"""07_explore as a page in a browser: Voilà over a copy of the notebook with its parameters set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import webbrowser
from pathlib import Path

import yaml

from evallib.explore.scenario import load_scenario
from evallib.study.load import project_root, read_study

NOTEBOOK = "07_explore.ipynb"
JUPYTER = Path(__file__).parent / "templates" / "jupyter"
IDLE = 3600  # seconds after which a page that nobody uses gives its kernel back
ADDRESS = re.compile(r"http://\S+\?token=\w+")
OPTIONS = (
    "--Voila.ip=127.0.0.1",  # this machine alone, whatever its users have configured
    "--Voila.auto_token=True",  # and of its users only who has the address that is printed
    "--no-browser",  # Voilà would open the page without its token
    "--template=evallib",
    "--VoilaConfiguration.strip_sources=True",
    "--VoilaConfiguration.show_tracebacks=True",
    "--KernelManager.transport_encryption=auto",  # else kernels warn on stderr
    "--MappingKernelManager.cull_interval=60",
    f"--MappingKernelManager.cull_idle_timeout={IDLE}",
)


def serve(params: Path | None = None, *, port: int = 8866, browser: bool = True) -> int:
    """Serve the explorer on this machine until interrupted; 0, or the exit code of Voilà.

    Only this machine is answered, and only who has the token of the address that is printed.

    Parameters
    ----------
    params : path of a params file, optional
        Study, year, language and perhaps a scenario; those of the notebook when omitted.
    port : int
    browser : bool
        Whether to open a browser.

    Raises
    ------
    StudyError
        If the params or their study are faulty; nothing is served.
    """
    values = {} if params is None else load_scenario(params).model_dump(exclude_unset=True)
    if values:
        read_study(values["study"], years=[values["year"]])
    home = project_root() / "out"
    home.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".explore-", dir=home) as folder:
        copy = Path(folder) / NOTEBOOK
        source = project_root() / "notebooks" / NOTEBOOK
        prepare = [sys.executable, "-m", "papermill", str(source), str(copy), "--prepare-only"]
        prepare += ["--no-progress-bar", "--log-level", "ERROR", "-y", yaml.safe_dump(values)]
        subprocess.run(prepare, check=True)
        command = [sys.executable, "-m", "voila", str(copy), f"--port={port}", *OPTIONS]
        paths = filter(None, [str(JUPYTER), os.environ.get("JUPYTER_PATH")])
        env = os.environ | {"JUPYTER_PATH": os.pathsep.join(paths)}
        with subprocess.Popen(
            command, env=env, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        ) as server:
            return _follow(server, browser)


def _follow(server: subprocess.Popen[str], browser: bool) -> int:
    """Pass on what Voilà says until it ends, and open the address that it names."""
    try:
        for line in server.stderr or ():
            print(line, end="", file=sys.stderr)
            if browser and (found := ADDRESS.search(line)):
                browser = False
                webbrowser.open(found[0])
        return server.wait()
    except KeyboardInterrupt:  # how a server is ended
        server.terminate()  # lets Voilà end its kernels
        server.wait()
        return 0
