"""usage: site_browser.py SITE: the site that tools/site has made, in chromium: every page fits a phone, and
the search finds without a server. Ends with 77 where there is no chromium."""
import atexit, pathlib, sys

import browser

SITE = pathlib.Path(sys.argv[1]).resolve()
if browser.PROGRAM is None:
    print("there is no chromium")
    sys.exit(77)
page = browser.Browser(390, 800)
atexit.register(page.close)

pages = sorted(SITE.rglob("*.html"))
assert len(pages) > 100
for file in pages:
    page.open(file.as_uri())
    width = page.run("document.documentElement.scrollWidth")
    assert width <= 390, f"{file.relative_to(SITE)} is {width} wide"
    assert page.complaints() == [], (file, page.complaints())


def search(words):
    """The names that are found, best first."""
    page.run(f"input.focus(); input.value = {words!r}; input.dispatchEvent(new Event('input'))")
    page.until("!document.querySelector('#results').hidden")
    return page.run("[...document.querySelectorAll('#results b')].map(e => e.textContent)")


page.open((SITE / "doc/guide/routes.html").as_uri())
assert page.run("document.querySelector('#navigation').offsetParent === null")
page.run("document.querySelector('#menu').click()")
assert page.run("document.querySelector('#navigation').offsetParent !== null")
assert search("envoi_client_connect()")[0] == "envoi_client_connect"
assert search("client connect")[0] == "envoi_client_connect"
assert search("ENVOI_ERR_NOMEM")[0] == "ENVOI_ERR_NOMEM"
assert search("sasl.max-iterations") != []
assert search("nothing-has-this-name") == []
search("envoi_jid_parse")
page.follow("document.querySelector('#search').requestSubmit()")
assert page.run("location.href").endswith("reference/jid.h.html#envoi_jid_parse")
assert page.run("document.querySelector('#envoi_jid_parse').getBoundingClientRect().top") < 200
