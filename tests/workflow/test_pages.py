"""Both pages of a study in a real browser, without a network: the summary page and the report."""

import re
import shutil

import pytest

pytestmark = pytest.mark.workflow
CHROMIUM = shutil.which("chromium")
WIDTHS = (400, 1400)


class Opened:
    """A page in a browser that is offline, and all that went wrong in it."""

    def __init__(self, browser, path, width):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        self.page = context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", self._asked)
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("load")

    def _said(self, message):
        if message.type == "error":
            self.wrong.append(message.text)

    def _asked(self, request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.wrong.append(f"asked for {request.url}")

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        root = "document.documentElement"
        return self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium: Debian's package chromium has it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture(scope="module")
def index(smoke):
    return smoke.folder / "results/smoke/index.html"


@pytest.fixture(scope="module")
def report(smoke):
    path = smoke.folder / "results/smoke/report.html"
    process = smoke.snakemake("--report", str(path))
    assert process.returncode == 0, process.stdout[-5000:]
    return path


@pytest.fixture(params=WIDTHS)
def summary(browser, index, request):
    return Opened(browser, index, request.param)


def test_the_summary_page_has_no_error_and_asks_for_nothing_but_files(summary):
    assert summary.wrong == []


def test_every_figure_of_the_summary_page_is_visible(summary, index):
    figures = sorted(path.name for path in (index.parent / "figures").glob("*.png"))
    images = summary.page.locator("img")
    sources = [image.get_attribute("src") for image in images.all()]
    assert sorted(source.removeprefix("figures/") for source in sources) == figures
    for image in images.all():
        assert image.is_visible()
        assert image.evaluate("image => image.complete && image.naturalWidth") > 100


def test_every_link_of_the_summary_page_leads_to_a_file(summary, index):
    links = summary.page.evaluate("[...document.links].map(link => link.getAttribute('href'))")
    assert len(links) > 40
    targets = summary.page.evaluate("[...document.querySelectorAll('[id]')].map(x => '#' + x.id)")
    for link in links:
        assert link in targets or (index.parent / link).exists(), link


def test_the_summary_page_fits_its_window_and_its_letters_can_be_read(summary):
    assert summary.overflow() <= 0
    size = "element => parseFloat(getComputedStyle(element).fontSize)"
    assert summary.page.locator("p").first.evaluate(size) >= 16
    for cell in summary.page.locator("table td").all()[:20]:
        assert cell.evaluate(size) >= 12


def test_claims_come_first_with_verdicts_in_words(summary):
    headings = [heading.inner_text() for heading in summary.page.locator("h2").all()]
    assert headings[0] == "Claims"
    claims = summary.page.locator(".claim")
    assert claims.count() == 4
    for claim in claims.all():
        first = claim.locator(".verdict").first.inner_text()
        assert re.search("supported|contradicted|inconclusive", first)


def column_of(table, number):
    return [row.locator("td").nth(number).inner_text() for row in table.locator("tbody tr").all()]


def test_a_table_sorts_by_number_both_ways_and_by_the_keyboard(summary):
    table = summary.page.locator("#table-claim_cells table")
    names = [header.inner_text().strip() for header in table.locator("th").all()]
    number = names.index("estimate")
    button = table.locator("th button").nth(number)
    before = column_of(table, number)
    button.click()
    rising = column_of(table, number)
    # What has no estimate comes last, whichever way.
    numbers, empty = [x for x in before if x], [x for x in before if not x]
    assert rising == sorted(numbers, key=float) + empty
    assert rising != before
    assert table.locator("th").nth(number).get_attribute("aria-sort") == "ascending"
    button.press("Enter")
    assert column_of(table, number) == sorted(numbers, key=float, reverse=True) + empty


def test_what_was_run_is_told(summary):
    summary.page.evaluate("document.querySelectorAll('details').forEach(x => x.open = true)")
    text = summary.page.locator("body").inner_text()
    for part in ("study: smoke", "finetune_encoder", "torch 2.13.0", "claims.csv"):
        assert part in text


EYES = "a[iconname=eye]"
SECTIONS = ("1 Claims", "2 Similarity", "3 Probes", "4 Ablations and scores", "5 Training")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_opens_offline_with_claims_first(browser, report, width):
    opened = Opened(browser, report, width)
    opened.page.get_by_text(SECTIONS[0]).wait_for()
    text = opened.page.locator("body").inner_text()
    places = [text.index(section) for section in SECTIONS]
    assert places == sorted(places)
    assert "study smoke" in text.lower()
    assert opened.overflow() <= 0
    assert opened.wrong == []


def test_the_report_shows_the_claims(browser, report):
    opened = Opened(browser, report, 1400)
    opened.page.get_by_text(SECTIONS[0], exact=True).click()
    opened.page.locator(EYES).first.click()
    frame = opened.page.frame_locator("iframe")
    frame.locator(".claim").first.wait_for(state="visible")
    assert frame.locator(".claim").count() == 4
    assert opened.wrong == []


def test_every_figure_of_the_report_can_be_looked_at(browser, report, index):
    opened = Opened(browser, report, 1400)
    seen = 0
    for section in SECTIONS[1:]:
        opened.page.get_by_text(section, exact=True).click()
        for number in range(opened.page.locator(EYES).count()):
            opened.page.locator(EYES).nth(number).click()
            image = opened.page.locator("img[src^='data:image/png']").last
            image.wait_for(state="visible")
            assert image.evaluate("image => image.naturalWidth") > 100
            seen += 1
        opened.page.get_by_text("Results", exact=True).click()
    assert seen == len(list((index.parent / "figures").glob("*.png")))
    assert opened.wrong == []
