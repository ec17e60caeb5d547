"""The loan form as a person uses it, in headless Chromium."""

import json
import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from support.scoring.bento import ServedBento

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage "
    "--disable-background-networking --disable-component-update --disable-sync"
)

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER) and os.environ.get("CI") != "true",
    reason="chromium and chromedriver are not installed (Debian: chromium, chromium-driver)",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    assert BROWSER, "chromium is not installed"
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for option in OPTIONS.split():
        options.add_argument(option)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: WebDriver, bento: ServedBento) -> "Page":
    browser.set_window_size(1280, 1000)
    browser.get(bento.url + "/")
    browser.get_log("browser")
    return Page(browser)


class Page:
    """The loan form."""

    def __init__(self, browser: WebDriver) -> None:
        self.browser = browser

    def text(self, name: str) -> str:
        return self.browser.find_element(By.ID, name).text

    def enter(self, name: str, text: str) -> None:
        field = self.browser.find_element(By.ID, name)
        field.clear()
        field.send_keys(text)

    def decide(self) -> None:
        self.browser.find_element(By.ID, "decide").click()

    def outcome(self) -> str:
        """Return the outcome once the page shows one."""
        return WebDriverWait(self.browser, 10).until(lambda _: self.text("outcome"))

    def problem(self) -> str:
        return WebDriverWait(self.browser, 10).until(lambda _: self.text("problem"))


def test_the_example_is_decided_with_its_features_and_their_ages(page: Page) -> None:
    page.decide()
    assert page.outcome() == "Approve"
    assert page.text("probability").endswith("%")
    assert "ms in the service" in page.text("milliseconds")
    features = page.text("features")
    assert "zipcode_features PRESENT\n2 days old" in features
    assert "credit_history PRESENT\n3 days old" in features
    assert "city FORT WORTH" in features
    assert "total_debt_due 100,222" in features
    assert page.browser.get_log("browser") == []


def test_a_person_without_a_credit_history_is_referred_with_the_reason(page: Page) -> None:
    page.enter("dob_ssn", "20010101_0000")
    page.decide()
    assert page.outcome() == "Refer to a person"
    assert "redit_history has no row for this key" in page.text("reasons")
    assert "NOT FOUND" in page.text("features")
    assert not page.browser.find_element(By.ID, "probability-block").is_displayed()


def test_what_the_page_can_tell_is_wrong_is_shown_at_its_field(page: Page) -> None:
    page.enter("person_age", "12.5")
    page.enter("loan_amnt", "")
    page.enter("dob_ssn", "nobody")
    page.decide()
    assert page.problem() == "3 fields need another look."
    assert page.text("person_age-error") == "A whole number"
    assert page.text("loan_amnt-error") == "Required"
    assert page.text("dob_ssn-error") == "Expected YYYYMMDD_NNNN"
    focused = page.browser.switch_to.active_element
    assert focused.get_attribute("id") == "dob_ssn"
    assert focused.get_attribute("aria-invalid") == "true"


def test_what_the_service_refuses_is_shown_at_its_field(page: Page) -> None:
    page.enter("person_age", "12")
    page.decide()
    assert page.problem() == "One field needs another look."
    assert "greater than or equal to 18" in page.text("person_age-error")


def test_a_mistake_once_corrected_is_decided(page: Page) -> None:
    page.enter("person_age", "12")
    page.decide()
    assert page.problem()
    page.enter("person_age", "44")
    page.decide()
    assert page.outcome() == "Approve"
    assert page.text("person_age-error") == ""


def test_the_form_is_filled_and_sent_by_keyboard_alone(page: Page) -> None:
    page.browser.find_element(By.TAG_NAME, "body").click()
    field = page.browser.find_element(By.ID, "loan_int_rate")
    field.send_keys(Keys.TAB)
    purpose = page.browser.switch_to.active_element
    purpose.send_keys("Med")
    assert Select(purpose).first_selected_option.text == "Medical"
    field.send_keys(Keys.ENTER)
    assert page.outcome() == "Approve"


def test_every_field_has_a_label(page: Page) -> None:
    script = "return [...document.querySelectorAll('input,select')].map(e => e.labels.length)"
    assert set(page.browser.execute_script(script)) == {1}


@pytest.mark.parametrize("width", [320, 390, 820])
def test_a_narrow_screen_shows_all_without_sideways_scrolling(page: Page, width: int) -> None:
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        page.decide()
        page.outcome()
        assert page.browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_service_that_went_away_is_said_to_not_answer(page: Page) -> None:
    page.browser.execute_cdp_cmd("Network.enable", {})
    page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/explain"]})
    try:
        page.decide()
        assert "does not answer" in page.problem()
    finally:
        page.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_page_asks_another_host_for_anything(
    browser: WebDriver, bento: ServedBento, path: str
) -> None:
    browser.get_log("performance")
    browser.get(bento.url + path)
    title = "h1" if path == "/" else ".opblock"
    WebDriverWait(browser, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, title))
    messages = [entry["message"] for entry in browser.get_log("performance")]
    urls = [url(message) for message in messages if "requestWillBeSent" in message]
    hosts = {each.split("/")[2] for each in urls if each.startswith("http")}
    assert hosts == {f"127.0.0.1:{bento.port}"}


def url(message: str) -> str:
    """Return the URL of a Network.requestWillBeSent event."""

    return str(json.loads(message)["message"]["params"].get("request", {}).get("url", ""))
