"""Boxes of a page, measured in its browser."""

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class Box:
    """In CSS pixels from the page's left upper corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def meets(self, other: "Box", slack: float = 2) -> bool:
        """Whether they cover each other by more than `slack` both ways."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return across > slack and down > slack


def boxes(page: Page, selectors: Sequence[str]) -> dict[str, Box]:
    """The box of the first element of each selector. Fails where one is missing or takes no room."""
    found = {}
    for selector in selectors:
        box = page.locator(selector).first.bounding_box()
        assert box is not None, f"{selector} is not on the page"
        assert box["width"] > 0, f"{selector} has no width"
        assert box["height"] > 0, f"{selector} has no height"
        found[selector] = Box(box["x"], box["y"], box["width"], box["height"])
    return found


FAULTS = """
({ touch, scheme }) => {
  const faults = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) faults.push(`the page is ${wide} wide`);
  if (getComputedStyle(document.documentElement).colorScheme !== scheme) faults.push(`scroll bars are not ${scheme}`);

  const name = (e) => `${e.tagName.toLowerCase()}#${e.id || e.closest("[id]")?.id} "${(e.ariaLabel || e.innerText || e.value || "").slice(0, 30)}"`;
  const up = (e, is) => { for (; e; e = e.parentElement) if (is(getComputedStyle(e), e)) return e; return null; };
  const cut = (e) => up(e.parentElement, (s) => /auto|scroll|hidden|clip/.test(s.overflowX));
  const floats = (e) => up(e, (s) => s.position === "fixed" || s.position === "sticky");
  const shut = (e) => up(e.parentElement, (s, p) => p.tagName === "DETAILS" && !p.open && !e.closest("summary"));
  const target = (e) => (/^(checkbox|radio)$/.test(e.type) && e.closest("label")) || e;
  const seen = (e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !shut(e);
  const size = (e) => target(e).getBoundingClientRect();
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [role=button]")];
  const controls = all.filter((e) => seen(e) && size(e).width > 1 && size(e).height > 1 && !/file|hidden/.test(e.type || ""));

  for (const e of controls) {
    const box = size(e);
    if (!cut(e) && (box.left < -1 || box.right > innerWidth + 1)) faults.push(`${name(e)} is outside: ${box.left} to ${box.right}`);
    const inline = getComputedStyle(e).display === "inline";
    if (touch && !inline && (box.width < touch || box.height < touch))
      faults.push(`${name(e)} is too small to press: ${Math.round(box.width)} x ${Math.round(box.height)}`);
  }
  const still = controls.filter((e) => !floats(e) && !cut(e));
  still.forEach((a, i) => still.slice(i + 1).forEach((b) => {
    const [one, two] = [target(a), target(b)];
    if (one.contains(two) || two.contains(one)) return;
    const [p, q] = [size(a), size(b)];
    const across = Math.min(p.right, q.right) - Math.max(p.left, q.left);
    const down = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
    if (across > 2 && down > 2) faults.push(`${name(a)} lies on ${name(b)}`);
  }));
  return faults;
}
"""
"""What is wrong with where a page's controls stand: outside the window, on each other, too small to press; and scroll bars of
the other colours. Takes `{touch, scheme}`; `touch` 0: any size. Gives a list of sentences."""
