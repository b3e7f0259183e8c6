/** A bounded number of things at once, fed from a window so that long lists cost no memory. */
import PQueue from "p-queue";

/** Queued tasks per slot; enough that no slot idles while the next page is fetched. */
const windowPerSlot = 4;

/**
 * Runs `work` over `items`, at most `concurrency` at a time. After `stop` fires, or once one has thrown, nothing new is
 * begun; what is under way ends first. Throws what the first failing one threw.
 */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  concurrency: number,
  stop: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = new PQueue({ concurrency });
  const errors: unknown[] = [];
  for await (const item of items) {
    if (stop.aborted || errors.length > 0) break;
    void queue.add(async () => {
      if (stop.aborted || errors.length > 0) return;
      try {
        await work(item);
      } catch (error) {
        errors.push(error);
      }
    });
    if (queue.size >= concurrency * windowPerSlot) await queue.onSizeLessThan(concurrency);
  }
  await queue.onIdle();
  if (errors.length > 0) throw errors[0];
}
