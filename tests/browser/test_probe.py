from tests.browser.conftest import watched
from playwright.sync_api import expect
import pytest

SWAPPED = "() => new Promise(done => document.addEventListener('htmx:afterSettle', () => setTimeout(() => done(true), 50), {once: true}))"

def test_focus_link_home(open_as, shop, base):
    page = open_as()
    page.goto(base + "/")
    page.get_by_role("link", name="All operations").focus()
    page.evaluate(SWAPPED)
    assert page.evaluate("document.activeElement.textContent") == "All operations"

def test_focus_summary(open_as, shop, base):
    page = open_as()
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("#step-2 > summary").focus()
    page.evaluate(SWAPPED)
    assert page.evaluate("document.activeElement.parentElement.id") == "step-2"

def test_focus_button_id(open_as, shop, base):
    page = open_as()
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("#b-stop").focus()
    page.evaluate(SWAPPED)
    assert page.evaluate("document.activeElement.id") == "b-stop"

def test_focus_after_dialog(open_as, shop, base):
    page = open_as()
    page.goto(f"{base}/runs/{shop.running.pk}/")
    page.locator("#b-stop").focus()
    page.keyboard.press("Enter")
    page.evaluate(SWAPPED)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "b-stop"

def test_selection(open_as, shop, base):
    page = open_as()
    page.goto(f"{base}/runs/{shop.planned.pk}/")
    page.evaluate("() => { const r = document.createRange(); r.selectNodeContents(document.getElementById('sql-1')); getSelection().removeAllRanges(); getSelection().addRange(r); }")
    page.evaluate(SWAPPED)
    assert page.evaluate("getSelection().toString()") != ""

@pytest.mark.parametrize("look", ["light", "phone"])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_obscured(open_as, shop, base, look, key):
    page = open_as(look=look)
    hidden = []
    for path in ("/", f"/runs/{shop.planned.pk}/", "/operations/"):
        page.goto(base + path)
        page.keyboard.press("Control+End" if key != "Tab" else "Control+Home")
        for _ in range(60):
            page.keyboard.press(key)
            h = page.evaluate("""() => { const e = document.activeElement; if (e === document.body) return null;
              const b = e.getBoundingClientRect(); const pts = [[.5,.5],[.1,.1],[.9,.9],[.1,.9],[.9,.1]];
              const seen = pts.some(([x,y]) => { const p = document.elementFromPoint(b.left+b.width*x, b.top+b.height*y); return p && (e.contains(p) || p.contains(e)&&false); });
              return seen ? null : e.outerHTML.slice(0,150) + JSON.stringify(b) + innerHeight; }""")
            if h: hidden.append((path, h))
    assert hidden == []

def test_menu_focus_out(open_as, shop, base):
    page = open_as(look="phone")
    page.goto(base + "/")
    page.get_by_role("button", name="More").focus()
    page.keyboard.press("Enter")
    for _ in range(15):
        page.keyboard.press("Tab")
    print(page.evaluate("document.activeElement.outerHTML.slice(0,200)"), page.evaluate("document.getElementById('side').className"))
    page.keyboard.press("Escape")
    print(page.evaluate("document.activeElement.outerHTML.slice(0,200)"))
    assert 0

def test_spacing(open_as, shop, base):
    from tests.browser.test_accessibility import paths, sideways
    page = open_as(look="phone")
    bad = []
    for path in paths(shop):
        page.goto(base + path)
        page.complaints.clear()
        page.evaluate("() => { const s = new CSSStyleSheet(); s.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }'); document.adoptedStyleSheets = [s]; }")
        if sideways(page): bad.append(path)
        cut = page.evaluate("() => [...document.querySelectorAll('main *')].filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible' && e.clientWidth).map(e => e.outerHTML.slice(0,100))")
        if cut: bad.append((path, cut))
    assert bad == []
