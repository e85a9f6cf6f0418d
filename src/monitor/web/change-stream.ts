/** Server-sent events: tells pages that something changed, at most once a second; the page then asks for itself again. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { MonitorFeed } from '../feed.ts';

/** A page takes some ms to make; people do not see more than one change a second. */
const LEAST_PAUSE_MS = 1_000;
/** Proxies close connections that are silent for 30 to 60 s. */
const BEAT_MS = 20_000;
const MAX_LISTENERS = 100;

export type ChangeStream = {
  /** The answer to one page. */
  serve(context: Context): Response;
  /** Ends all, so that the server can close. */
  close(): void;
  readonly listeners: number;
};

export function createChangeStream(feed: MonitorFeed): ChangeStream {
  const open = new Set<{ change(profile: string): void; end(): void }>();
  const tell = (profile: string): void => {
    for (const page of open) page.change(profile);
  };
  const unsubscribe = feed.subscribe((message) => {
    if (message.kind === 'round') tell(message.round.profile);
    else tell(message.kind === 'event' ? message.event.profile : '');
  });
  return {
    get listeners() {
      return open.size;
    },
    serve(context) {
      if (open.size >= MAX_LISTENERS) return context.text('too many pages are open', 503, { 'retry-after': '60' });
      context.header('x-accel-buffering', 'no');
      return streamSSE(context, async (stream) => {
        const page = createPage();
        open.add(page);
        stream.onAbort(() => page.end());
        await stream.writeSSE({ event: 'hello', data: '{}', retry: 5_000 });
        try {
          for await (const changed of page.changes()) {
            if (stream.aborted) break;
            if (changed === undefined) await stream.write(': still here\n\n');
            else await stream.writeSSE({ event: 'change', data: JSON.stringify({ profiles: changed }) });
          }
        } finally {
          open.delete(page);
        }
      });
    },
    close() {
      unsubscribe();
      for (const page of open) page.end();
    },
  };
}

/** What one page has not been told yet. A slow reader gets one message for many changes: nothing piles up. */
function createPage() {
  const changed = new Set<string>();
  let ended = false;
  let wake: () => void = () => {};
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    change(profile: string): void {
      changed.add(profile);
      wake();
    },
    end(): void {
      ended = true;
      wake();
    },
    /** Undefined is a sign of life. */
    async *changes(): AsyncGenerator<readonly string[] | undefined> {
      while (!ended) {
        if (changed.size === 0) await sleep(BEAT_MS);
        if (ended) return;
        const profiles = [...changed];
        changed.clear();
        yield profiles.length === 0 ? undefined : profiles;
        if (profiles.length > 0) await pause(LEAST_PAUSE_MS, () => ended);
      }
    },
  };
}

async function pause(ms: number, isOver: () => boolean): Promise<void> {
  if (isOver()) return;
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
