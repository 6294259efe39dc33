"""Check a built site: check_site.py FOLDER. Each page, file and anchor of it that is linked must exist."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The anchors of a page, and what it links to or shows."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = {"", "top"}, []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        """Note ids, links and sources."""
        attrs = dict(attrs)
        self.anchors |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        self.links += [attrs[name] for name in ("href", "src") if attrs.get(name)]


def dead_links(folder):
    """Pairs of a page and a link of it that leads nowhere. Addresses of other sites are not asked."""
    paths = (path for path in folder.rglob("*.html") if "_static" not in path.parts)  # has templates of the theme
    pages = {path.resolve(): Page(path) for path in paths}
    if not pages:
        raise SystemExit(f"There are no pages in {folder}")
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (target in pages and anchor not in pages[target].anchors):
                yield path.relative_to(folder.resolve()), link


if __name__ == "__main__":
    root = Path(sys.argv[1])
    dead = sorted(set(dead_links(root)))
    for page, link in dead:
        print(f"{page}: {link}")
    print(f"{len(list(root.rglob('*.html')))} pages, {len(dead)} dead links")
    sys.exit(bool(dead))
