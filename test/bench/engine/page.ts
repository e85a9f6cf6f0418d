/** The page of the engine's benchmark. */
import { cpus } from 'node:os';
import { median } from '../../../src/analysis/medians.ts';
import { FIDELITY_QUANTILES, type Fidelity } from './fidelity.ts';
import type { Scenario } from './server.ts';

/** One tool in one scenario in one round. */
export type Cell = {
  /** Of the whole process, a request. */
  readonly cpuUs: number;
  /** The part of `cpuUs` that the system took. */
  readonly kernelUs: number;
  /** From its first to its last request only; undefined where the tool does not tell. */
  readonly steadyUs: number | undefined;
  readonly peakRssMiB: number | undefined;
  /** Cores that neither tool nor server used; undefined where the platform does not tell. */
  readonly others: number | undefined;
};
export type FidelityRow = { readonly title: string; readonly tool: string; readonly measured: readonly Fidelity[] };
export type EnginePage = {
  readonly command: string;
  readonly server: string;
  readonly scenarios: readonly Scenario[];
  readonly tools: readonly string[];
  /** By scenario and tool. */
  readonly cells: ReadonlyMap<string, readonly Cell[]>;
  readonly fidelity: readonly FidelityRow[];
  readonly fidelitySeconds: number;
  readonly disturbedCores: number;
  readonly tries: number;
};

/** Multiples of wrk and of autocannon that our own engine is to keep. */
const BARS: Readonly<Record<Scenario, readonly [wrk: number, autocannon: number]>> = {
  hello: [1.5, 0.7],
  '10k': [1.5, 0.5],
  tls: [2, 0.6],
  newconn: [3.3, 0.9],
};
const TITLES: Readonly<Record<Scenario, string>> = {
  hello: 'Kept connections, small body',
  '10k': 'Kept connections, 10 kB',
  tls: 'Kept connections, TLS',
  newconn: 'A new connection for every request',
};

export function pageOf(page: EnginePage): string {
  return `# What the engine costs, and how true it is

Made by \`${page.command}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${page.server}, one worker, 32 connections, loopback.

## Processor time per request of closed loops

User and system time over the requests that the server counted; all tools in turn in each round, medians of rounds, ratios within a
round. *In the kernel* is what the system takes of it for connecting, sending, waking and receiving, which no tool can save. *Sending
only* is from the first to the last request, without what it takes to start and to end; the ratios use it where it is known. gateprobe
records every request meanwhile (windows on disk, histograms, kept exchanges). *Disturbed*: rounds in which something else used more
than ${page.disturbedCores} of a core, even in the best of ${page.tries} tries.

${page.scenarios.map((scenario) => scenarioText(page, scenario)).join('\n')}
${fidelityText(page)}`;
}

function scenarioText({ tools, cells, disturbedCores }: EnginePage, scenario: Scenario): string {
  const of = (name: string): readonly Cell[] => cells.get(`${scenario} ${name}`) ?? [];
  const rows = tools.flatMap((name) => {
    const values = of(name);
    if (values.length === 0) return [];
    const steady = values.flatMap(({ steadyUs }) => steadyUs ?? []);
    const memory = values.flatMap(({ peakRssMiB }) => peakRssMiB ?? []);
    const disturbed = values.filter(({ others }) => (others ?? 0) > disturbedCores).length;
    return row([
      name,
      spread(values.map(({ cpuUs }) => cpuUs)),
      median(values.map(({ kernelUs }) => kernelUs)).toFixed(1),
      steady.length === 0 ? '' : median(steady).toFixed(1),
      spread(ratios(values, of('wrk')), 2),
      spread(ratios(values, of('autocannon')), 2),
      memory.length === 0 ? '' : median(memory).toFixed(0),
      `${disturbed} of ${values.length}`,
    ]);
  });
  const head = [
    'tool',
    'µs a request',
    'in the kernel',
    'sending only',
    'to wrk',
    'to autocannon',
    'peak MiB',
    'disturbed',
  ];
  return `### ${TITLES[scenario]}\n\n${row(head)}\n${row(head.map(() => '---'))}\n${rows.join('\n')}\n\n${verdict(scenario, of)}\n`;
}

function row(columns: readonly string[]): string {
  return `| ${columns.join(' | ')} |`;
}

function spread(values: readonly number[], digits = 1): string {
  if (values.length === 0) return '';
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}

function ratios(of: readonly Cell[], to: readonly Cell[]): number[] {
  return of.flatMap((cell, round) => {
    const other = to[round];
    return other === undefined ? [] : [(cell.steadyUs ?? cell.cpuUs) / (other.steadyUs ?? other.cpuUs)];
  });
}

function verdict(scenario: Scenario, of: (name: string) => readonly Cell[]): string {
  return BARS[scenario]
    .map((bar, index) => {
      const name = index === 0 ? 'wrk' : 'autocannon';
      const found = ratios(of('gateprobe'), of(name));
      if (found.length === 0) return `At most ${bar} x ${name}: not measured.`;
      const middle = median(found);
      return `At most ${bar} x ${name}: ${middle <= bar ? 'kept' : '**not kept**'} (${middle.toFixed(2)}).`;
    })
    .join(' ');
}

function fidelityText({ fidelity, fidelitySeconds }: EnginePage): string {
  if (fidelity.length === 0) return '';
  const head = [
    'load',
    'tool',
    ...FIDELITY_QUANTILES.map((p) => `p${p * 100} wrong by, ms`),
    'gap wrong by p50, µs',
    'gap p99, ms',
    'cores',
  ];
  const rows = fidelity.map(({ title, tool, measured }) => {
    const middle = (value: (one: Fidelity) => number): number => median(measured.map(value));
    const cores = measured.flatMap((one) => one.cores ?? []);
    return row([
      title,
      tool,
      ...FIDELITY_QUANTILES.map((_, i) => (middle((one) => one.errorsUs[i] ?? Number.NaN) / 1e3).toFixed(2)),
      middle((one) => one.gapErrorUs.p50).toFixed(0),
      (middle((one) => one.gapErrorUs.p99) / 1e3).toFixed(2),
      cores.length === 0 ? '' : median(cores).toFixed(3),
    ]);
  });
  return `## Reported times beside a capture of the loopback

For ${fidelitySeconds} s a round each, medians of rounds: the quantiles that a tool reports minus those of the same requests on the wire, from the
first byte of the request to the last of the answer; and how far the gaps between two requests on the wire were from even ones.
hey's workers and autocannon's connections each keep a rate of their own, so that requests leave in bunches.

${row(head)}
${row(head.map(() => '---'))}
${rows.join('\n')}

gateprobe is to keep: p50 within 0.25 ms, p99 within 1.5 ms, p99.9 within 2.5 ms; gaps wrong by 30 µs at the median, 2 ms at p99, with under a tenth
of a core.
`;
}
