/** One timer that is set again and again: with each step of a forwarded request, and with each piece of a body. */
export type Deadline = {
  /** Expires `ms` from now; what was set before no longer counts. */
  set(ms: number): void;
  /** It does not expire until it is set again. */
  clear(): void;
  /** It never expires any more. */
  end(): void;
};

/** Never calls `expire` early, as timers of Node may; and leaves a running timer alone when it is only moved back. */
export function createDeadline(expire: () => void): Deadline {
  let dueMs = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let timerMs = Number.POSITIVE_INFINITY;
  let hasEnded = false;

  const arm = (nowMs: number): void => {
    timerMs = dueMs;
    timer = setTimeout(check, Math.ceil(dueMs - nowMs));
  };
  const check = (): void => {
    timer = undefined;
    const nowMs = performance.now();
    if (nowMs < dueMs) arm(nowMs);
    else expire();
  };
  const clear = (): void => {
    dueMs = Number.POSITIVE_INFINITY;
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    set(ms) {
      if (hasEnded) return;
      const nowMs = performance.now();
      dueMs = nowMs + ms;
      if (timer !== undefined && timerMs <= dueMs) return;
      clearTimeout(timer);
      arm(nowMs);
    },
    clear,
    end() {
      hasEnded = true;
      clear();
    },
  };
}
