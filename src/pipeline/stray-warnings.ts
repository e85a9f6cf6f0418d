/** Bytes that no request had asked for, as sentences of the report: whoever sends them confuses clients that use the connection again. */
import { formatBytes } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import type { StrayBytes } from '../traffic/protocol.ts';

export function strayWarnings(stray: readonly StrayBytes[]): readonly string[] {
  return stray.map(({ route, bytesBehindAnswers, bytesIdle, connections }) => {
    const who = route === GATEWAY ? 'The gateway' : route.replace(/^direct:/, '');
    const parts = [
      ...(bytesBehindAnswers === 0 ? [] : [`${formatBytes(bytesBehindAnswers)} behind the end of an answer`]),
      ...(bytesIdle === 0
        ? []
        : [`${formatBytes(bytesIdle)} while nothing was asked (often a 408 before an idle close)`]),
    ];
    const where = connections === 1 ? 'one connection' : `${connections} connections`;
    return `${who} sent bytes that belong to no answer, on ${where}: ${parts.join(', ')}. These connections were not used again; a client that uses them takes such bytes for its next answer.`;
  });
}
