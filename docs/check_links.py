#!/usr/bin/env python3
"""Checks the documentation: every relative link, anchor and image leads somewhere, and README.md stays a front page.

usage: docs/check_links.py

Reads README.md, CONTRIBUTING.md, CHANGELOG.md, crates/*/README.md, assets/README.md and docs/*.md. Prints what is broken, a
line each, and exits with 1 if anything is. Links to other sites are not followed.
"""
import html
import os
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "crates/*/README.md", "assets/README.md", "docs/*.md"]
MOST_LINES = {"README.md": 120}

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
CODE = re.compile(r"(?<!`)(`+)(?!`)((?:(?!\n\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
# [text](target "title"), with one level of brackets in the text and of parentheses in the target.
TARGET = r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*<?((?:[^()\s<>]|\([^()\s]*\))+)>?(?:\s+[\"'][^\"']*[\"'])?\s*\)"
IMAGE, LINK = re.compile("!" + TARGET), re.compile(TARGET)
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)", re.MULTILINE)
ATTRIBUTE = re.compile(r"<(?:img|a|source)\b[^>]*?\b(?:src|href|srcset)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
ANCHOR = re.compile(r"<[a-z][^>]*?\b(?:id|name)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")


def prose(path):
    """The text of a page, in which the lines of code blocks are empty."""
    fence, lines = None, []
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, is_code = FENCE.match(line), fence is not None
        if not is_code and mark:
            fence, is_code = mark.group(1), True
        elif is_code and mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
            fence = None
        lines.append("" if is_code else line)
    return "\n".join(lines)


def without_code(text):
    """The text without code between backticks, which may go over a line but not over a paragraph; lines keep their number."""
    return CODE.sub(lambda code: "\n" * code.group(2).count("\n"), text)


def slug(heading):
    """The anchor of a heading, as forges make it."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = html.unescape(re.sub(r"<[^>]+>", "", text)).strip().lower()
    return re.sub(r"[^\w\- ]", "", text.replace("*", "")).replace(" ", "-")


def anchors(path):
    found, count = set(), {}
    for line in prose(path).splitlines():
        found.update(ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            anchor = slug(heading.group(1))
            seen = count.get(anchor, 0)
            count[anchor] = seen + 1
            found.add(f"{anchor}-{seen}" if seen else anchor)
    return found


def is_spelled_so(path):
    """Whether a path exists in just this spelling, also where the file system takes upper and lower case for the same."""
    steps = [path, *path.parents]
    below = steps[:steps.index(ROOT)]
    return all(step.parent.is_dir() and step.name in os.listdir(step.parent) for step in below)


def targets(text):
    """Where the links and images of a text lead, with their lines, in the order of the text."""
    found = []

    def take(link):
        found.append((text.count("\n", 0, link.end(1)) + 1, link.group(1)))

    for pattern in (ATTRIBUTE, REFERENCE):
        for link in pattern.finditer(text):
            take(link)
    # An image may be the text of a link. Taken out, it leaves a link of the same length around it.
    for pattern in (IMAGE, LINK):
        for link in pattern.finditer(text):
            take(link)
        text = pattern.sub(lambda link: re.sub(r"[^\n]", " ", link.group(0)), text)
    return sorted(found)


def problem(page, target):
    """Why a link leads nowhere; nothing if it does not, or leads to another site."""
    if re.match(r"^([a-z][a-z0-9+.-]*:|//)", target, re.IGNORECASE):
        return None
    place, _, anchor = urllib.parse.unquote(target).partition("#")
    place = place.partition("?")[0]
    if place.startswith("/"):
        return "is an absolute path"
    path = (page.parent / place).resolve() if place else page
    if path != ROOT and ROOT not in path.parents:
        return "leaves the repository"
    if not is_spelled_so(path):
        return "does not exist"
    if anchor and path.suffix == ".md" and anchor not in anchors(path):
        return f"has no heading #{anchor}"
    return None


def main():
    pages = sorted({path for pattern in PAGES for path in ROOT.glob(pattern)})
    broken, links = [], 0
    for name in PAGES:
        if "*" not in name and ROOT / name not in pages:
            broken.append(f"{name}: does not exist")
    for page in pages:
        name = page.relative_to(ROOT).as_posix()
        for number, target in targets(without_code(prose(page))):
            links += 1
            what = problem(page, target)
            if what:
                broken.append(f"{name}:{number}: {target} {what}")
        lines = len(page.read_text(encoding="utf-8").splitlines())
        most = MOST_LINES.get(name)
        if most and lines > most:
            broken.append(f"{name}: has {lines} lines; {most} are the most")
    print(*broken, sep="\n", end="\n" if broken else "")
    print(f"{links} links in {len(pages)} pages, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
