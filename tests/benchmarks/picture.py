"""Make the picture at the top of the READMEs: the map of the default run, as a browser shows it.

    python train.py --tokens characters && python tests/benchmarks/picture.py

Needs what requirements-optional.txt names, and a Chromium.
"""

import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from PIL import Image
from playwright.sync_api import sync_playwright

from embedding_tutorial.pictures.map_page import write_map

RUN = REPOSITORY / "runs" / "palace-characters"
PICTURE = REPOSITORY / "map.png"


def main() -> None:
    """Write the map, open it, and keep what is seen."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("picture.py: error: no chromium or google-chrome on the PATH")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        page_file = Path(place) / "map.html"
        write_map(RUN, page_file, tsne=True)
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 760})
        page.goto(page_file.as_uri())
        page.wait_for_timeout(3000)
        page.screenshot(path=PICTURE)
        browser.close()
    Image.open(PICTURE).convert("RGB").quantize(96).save(PICTURE, optimize=True)  # a third of the size
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
