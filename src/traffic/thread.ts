import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Starts `./<name>` beside this file as a thread: TypeScript in a checkout, JavaScript in the published package. */
export function startThread(name: string, options: WorkerOptions): Worker {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return new Worker(new URL(`./${name}${extension}`, import.meta.url), options);
}
