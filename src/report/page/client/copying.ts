/** What a page puts on the clipboard, and what its button says of it. */

export function copyOn(button: HTMLElement, text: string): void {
  button.addEventListener("click", () => {
    navigator.clipboard.writeText(text).then(
      () => (button.textContent = "Copied"),
      () => (button.textContent = "Select the text and copy it"),
    );
  });
}
