/** The generators and their command lines. */
import type { Scenario } from './server.ts';

export type Tool = { readonly name: string; readonly program: string };

export const TOOLS: readonly Tool[] = [
  { name: 'wrk', program: 'wrk' },
  { name: 'gateprobe', program: 'node' },
  { name: 'gateprobe with autocannon', program: 'node' },
  { name: 'autocannon', program: 'node' },
  { name: 'hey', program: 'hey' },
  { name: 'h2load', program: 'h2load' },
  { name: 'ab', program: 'ab' },
];

const CONNECTIONS = 32;

/** For a shell, in the repository's root; undefined where the tool cannot do it. */
export function commandOf(
  { name }: Tool,
  url: string,
  scenario: Scenario,
  durationMs: number,
  caFile: string,
): string | undefined {
  const seconds = Math.round(durationMs / 1_000);
  const ours = (engine: string): string =>
    `node_modules/.bin/node test/bench/engine/ours.ts '${JSON.stringify({ url, connections: CONNECTIONS, durationMs, engine, caFile })}'`;
  switch (name) {
    case 'wrk':
      return `wrk -t1 -c${CONNECTIONS} -d${seconds}s ${url}`;
    case 'gateprobe':
      return ours('wire');
    case 'gateprobe with autocannon':
      // It would not verify the certificate.
      return scenario === 'tls' ? undefined : ours('autocannon');
    case 'autocannon':
      return `node_modules/.bin/node test/bench/engine/peer-autocannon.ts '${JSON.stringify({ url, connections: CONNECTIONS, seconds, isNewEach: scenario === 'newconn' })}'`;
    case 'hey':
      return `hey -c ${CONNECTIONS} -z ${seconds}s ${url}`;
    case 'h2load':
      // It does not open a connection again.
      return scenario === 'newconn' ? undefined : `h2load --h1 -t1 -c${CONNECTIONS} -D ${seconds} ${url}`;
    default:
      return `ab -q ${scenario === 'newconn' ? '' : '-k '}-c ${CONNECTIONS} -t ${seconds} -n 100000000 ${url}`;
  }
}
