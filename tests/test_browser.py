"""The workbook in a real browser: JupyterLab runs every notebook, sliders move the ranking.

Works on copies in a temporary folder. Needs Debian's Chromium and the extra ``browser``.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import nbformat
import pytest
import yaml

api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (browser)")

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("0*.ipynb"))
TOKEN = "browser-test"
WAIT = 120  # seconds for a server to answer or a notebook to end, on a very busy machine
QUIET = {"fetchNews": "false", "checkForUpdates": False}
SCENARIO = {"study": "nanning", "year": 2020, "lang": "en", "weights": "H 40"}
START = """async name => {
  const app = window.jupyterapp, turn = () => new Promise(done => setTimeout(done, 20));
  const widget = await app.commands.execute('docmanager:open', {path: name + '.ipynb'});
  await widget.context.ready;
  await widget.context.sessionContext.ready;
  app.shell.activateById(widget.id);
  while (app.shell.currentWidget !== widget) await turn();
  const end = app.commands.execute('notebook:run-all-cells').then(() => widget.context.save());
  window.ends = {...window.ends, [name]: end};
}"""
END = """([name, seconds]) => Promise.race([
  window.ends[name].then(() => 'done'),
  new Promise(done => setTimeout(() => done(`not done in ${seconds} s`), 1000 * seconds)),
])"""
SHOW = """async name => {
  await window.jupyterapp.commands.execute('docmanager:open', {path: name + '.ipynb'});
}"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process):
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the server of {url} ended with {process.returncode}"
        try:
            with urlopen(url, timeout=WAIT):
                return
        except HTTPError:  # an answer, if only that there is no such page
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"{url} did not answer in {WAIT} s")


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """A folder with copies of the notebooks, the project's data, and settings of its own."""
    folder = tmp_path_factory.mktemp("workbook")
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "notebooks").mkdir()
    for name in NOTEBOOKS:
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", folder / "notebooks")
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    (folder / "scenario.yaml").write_text(yaml.safe_dump(SCENARIO))
    return folder


@pytest.fixture(scope="module")
def start(workbook):
    """A function that starts a server in the workbook; all are ended afterwards."""
    own = {name: str(workbook / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    own |= {"JUPYTER_RUNTIME_DIR": str(workbook / "runtime"), "PYTHONPATH": str(ROOT)}
    own |= {"JUPYTERLAB_SETTINGS_DIR": str(workbook / "settings")}
    own |= {"JUPYTER_TOKEN": TOKEN}  # that of Voilà
    own |= {"JUPYTERLAB_WORKSPACES_DIR": str(workbook / "workspaces")}
    started = []

    def run(*command):
        with (workbook / f"server{len(started)}.log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=workbook / "notebooks",
                env=os.environ | own,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in started:
        process.wait(WAIT)


@pytest.fixture(scope="module")
def servers(start):
    """Address and process of JupyterLab and of the served explorer, started side by side."""
    lab, page = free_port(), free_port()
    options = ("--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}")
    serve = f"from evallib.explore.serve import serve; serve('../scenario.yaml', port={page}, browser=False)"
    return {
        "lab": (
            f"http://127.0.0.1:{lab}",
            start("-m", "jupyterlab", f"--port={lab}", *options, "--expose-app-in-browser"),
        ),
        "explore": (f"http://127.0.0.1:{page}", start("-c", serve)),
    }


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not there: apt-get install chromium")
    if not os.environ.get("EVALLIB_BROWSER"):
        pytest.skip("EVALLIB_BROWSER is not set: the browser takes more than a minute")
    with api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS])
        except api.Error as error:
            pytest.skip(f"{CHROMIUM} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """Folder of the screenshots, for people to look at."""
    folder = Path(os.environ.get("EVALLIB_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def lab(browser, servers):
    """JupyterLab in a browser, running all cells of all notebooks."""
    address, process = servers["lab"]
    wait_for(f"{address}/api?token={TOKEN}", process)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{address}/lab?token={TOKEN}&reset", timeout=1000 * WAIT)
    page.wait_for_function("window.jupyterapp", timeout=1000 * WAIT)
    page.evaluate("window.jupyterapp.restored.then(() => true)")
    for name in NOTEBOOKS:
        page.evaluate(START, name)
    return page


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_jupyterlab_runs_all_cells_without_error(lab, workbook, shots, name):
    assert lab.evaluate(END, [name, WAIT]) == "done"
    notebook = nbformat.read(workbook / "notebooks" / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    errors = [f"{o.ename}: {o.evalue}" for c in code for o in c.outputs if o.output_type == "error"]
    assert errors == []
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    lab.evaluate(SHOW, name)
    lab.screenshot(path=shots / f"lab-{name}.png")


def weights(page):
    return [
        float(text) for text in page.locator(".evallib-explorer .widget-readout").all_inner_texts()
    ]


def drag(page, number, by):
    """Drag a slider by so many pixels, as a hand does, and wait until the ranking has moved."""
    rows = page.locator(".evallib-explorer tbody")
    handle, before = page.locator(".evallib-explorer .noUi-handle").nth(number), rows.inner_text()
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by, y, steps=12)
    page.mouse.up()
    moved = "before => document.querySelector('.evallib-explorer tbody').innerText !== before"
    page.wait_for_function(moved, arg=before)
    page.wait_for_timeout(800)  # what a browser and a kernel might still say to each other
    after = weights(page), rows.inner_text()
    page.wait_for_timeout(800)
    assert (weights(page), rows.inner_text()) == after
    assert sum(after[0]) == pytest.approx(100, abs=0.3)


def check_names_and_keys(page):
    """Sliders and locks have names for screen readers, and arrow keys move a slider."""
    handles = page.locator(".evallib-explorer .noUi-handle")
    page.wait_for_function(
        "document.querySelector('.evallib-explorer .noUi-handle[aria-label]') !== null"
    )
    labels = page.locator(".evallib-explorer .widget-hslider .widget-label").all_inner_texts()
    assert [one.get_attribute("aria-label") for one in handles.all()] == labels
    lock = page.locator(".evallib-explorer .widget-toggle-button").first
    assert lock.get_attribute("aria-pressed") == "false"
    lock.click()
    page.wait_for_selector(".evallib-explorer .widget-toggle-button[aria-pressed=true]")
    lock.click()
    before = weights(page)
    handles.first.press("ArrowRight")
    page.wait_for_function(
        "text => document.querySelector('.evallib-explorer .widget-readout').innerText !== text",
        arg=f"{before[0]:.1f}",
    )
    handles.first.press("ArrowLeft")


def test_a_slider_in_jupyterlab_moves_the_ranking(lab, shots):
    assert lab.evaluate(END, ["07_explore", WAIT]) == "done"
    lab.evaluate(SHOW, "07_explore")
    lab.locator(".evallib-explorer").scroll_into_view_if_needed()
    before = weights(lab)
    drag(lab, 0, 60)
    assert weights(lab)[0] > before[0]
    lab.locator(".evallib-explorer .widget-toggle-button").nth(1).click()
    locked = weights(lab)[1]
    drag(lab, 3, 40)
    assert weights(lab)[1] == locked
    lab.screenshot(path=shots / "lab-sliders.png")


def test_the_explorer_is_served_without_code_and_without_the_internet(
    browser, servers, workbook, shots
):
    address, process = servers["explore"]
    wait_for(f"{address}/voila/static/none", process)  # the page itself would run the notebook
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or "data"))
    page.goto(f"{address}/?token={TOKEN}", timeout=1000 * WAIT)
    page.wait_for_selector(".evallib-explorer tbody tr", timeout=1000 * WAIT)
    assert page.locator("text=import evallib").count() == 0
    assert page.get_by_text("Reconstructed, not a fact about any office").count() > 0
    assert weights(page) == [40.0, 7.5, 26.2, 15.0, 11.2]
    page.screenshot(path=shots / "explore.png", full_page=True)
    assert page.locator(".evallib-explorer").get_attribute("lang") == "en"
    check_names_and_keys(page)
    drag(page, 1, 50)
    page.get_by_label("Name").fill("tried")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved as params/scenarios/nanning-2020-tried.yaml.").wait_for()
    saved = workbook / "params" / "scenarios" / "nanning-2020-tried.yaml"
    assert yaml.safe_load(saved.read_text(encoding="utf-8"))["weights"].startswith("H ")
    page.screenshot(path=shots / "explore-moved.png")
    page.set_viewport_size({"width": 480, "height": 900})
    page.screenshot(path=shots / "explore-narrow.png", full_page=True)
    assert hosts <= {"127.0.0.1", "data"}


def test_the_report_opens_by_itself(browser, shots):
    reports = sorted((ROOT / "out").glob("*/*/report.html"), key=lambda path: path.stat().st_mtime)
    if not reports:
        pytest.skip("out/ has no report.html: python3 run.py makes one")
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    schemes, problems = set(), []
    page.on("request", lambda request: schemes.add(urlsplit(request.url).scheme))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(reports[-1].as_uri())
    assert page.locator("h1").count() == 1
    assert page.locator("nav a").count() > 1
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.locator("html").get_attribute("lang") in ("zh", "en", "zh-CN")
    assert (schemes <= {"file", "data"}, problems) == (True, [])
    page.screenshot(path=shots / "report.png")
