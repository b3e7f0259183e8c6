/** Paper cannot be pressed: what is folded is opened while the page is printed. */

export function mountPrinting(): void {
  const opened = new Set<HTMLDetailsElement>();
  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll<HTMLDetailsElement>("details:not([open])")) {
      folded.open = true;
      opened.add(folded);
    }
  });
  addEventListener("afterprint", () => {
    for (const folded of opened) folded.open = false;
    opened.clear();
  });
}
