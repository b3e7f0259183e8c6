/** The data of the page: base64, deflated, JSON. */
import type { PageData } from "../packed.ts";

export async function unpack(): Promise<PageData> {
  const text = document.getElementById("page-data")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const data: PageData = await new Response(stream).json();
  return data;
}
