/** Questions put to an open page about its looks. They run inside the browser, as text: the tests know no DOM types. */
import type { Page } from "playwright-core";

/** Headings in the order of the page, as `1 Audit of acme.example`. */
export function headings(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .map((each) => each.tagName.slice(1) + " " + each.textContent.trim())`);
}

/** Everything to press, type into or read as a picture that has no name. */
export function nameless(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll("button, input, select, a, summary, [role=img], [role=grid], section[aria-label], th")]
    .filter((each) => ((each.getAttribute("aria-label") ?? "") + each.textContent).trim() === "")
    .concat([...document.querySelectorAll("input, select")].filter((each) => !each.getAttribute("aria-label")))
    .map((each) => each.outerHTML.slice(0, 200))`);
}

export function twiceGivenIds(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll("[id]")].map((each) => each.id)
    .filter((id, place, all) => all.indexOf(id) !== place)`);
}

/** Texts whose contrast with what lies behind them is under 4.5, or 3 for large ones (WCAG 1.4.3). */
export function faintTexts(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((each, place) => each * a + below[place] * (1 - a));
    const behind = (element) => {
      const layers = [];
      for (let each = element; each !== null; each = each.parentElement) layers.push(channels(getComputedStyle(each).backgroundColor));
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
    };
    const light = (colour) => colour
      .map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4))
      .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
      if (element.closest("script, style, noscript, .uplot, .skip, .unseen, option") !== null) continue;
      const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("").trim();
      if (text === "" || element.getClientRects().length === 0) continue;
      const style = getComputedStyle(element);
      const below = behind(element);
      const [one, other] = [light(over(channels(style.color), below)), light(below)].sort((a, b) => b - a);
      const ratio = (one + 0.05) / (other + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (isLarge ? 3 : 4.5)) found.push(ratio.toFixed(2) + " " + text.slice(0, 60) + " in " + element.tagName + "." + element.className);
    }
    return [...new Set(found)];
  })()`);
}

/** How far the page itself can be scrolled sideways, and what sticks out. */
export function sideways(page: Page): Promise<number> {
  return page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
}
