/** Light or dark: as the system has it, until the button says otherwise. */

export function mountTheme(): void {
  const button = document.getElementById("theme");
  if (button === null) return;
  const root = document.documentElement;
  const isDark = (): boolean =>
    (root.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = (): void => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", `Show the page in ${isDark() ? "light" : "dark"} colours`);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset["theme"] = isDark() ? "light" : "dark";
    name();
  });
  name();
}
