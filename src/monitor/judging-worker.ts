/** The thread that judges history: reading and judging a month takes seconds, in which no round may wait. */
import { parentPort, workerData } from 'node:worker_threads';
import { diagnose } from '../pipeline.ts';
import { openHistory } from '../store/history.ts';
import { judgeSpan } from './judged-span.ts';
import type { JudgingCommand, JudgingReply, JudgingSetup } from './judging-thread.ts';

const port = parentPort;
if (port === null) throw new Error('monitor/judging-worker.ts runs as a thread only');
const { file, version } = workerData as JudgingSetup;

port.on('message', ({ id, order }: JudgingCommand) => {
  const post = (reply: JudgingReply): void => port.postMessage(reply);
  try {
    // Opened each time: between two looks the file may have been moved away or brought to a newer version.
    const history = openHistory(file, { isReadOnly: true });
    try {
      post({ id, judged: judgeSpan(history, order, { version, diagnose }) });
    } finally {
      history.close();
    }
  } catch (error) {
    post({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
