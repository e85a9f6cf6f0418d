import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderTerminal, terminalWriter } from '../../src/report/terminal.ts';
import {
  clearReport,
  demoReport,
  hostileReport,
  interruptedReport,
  invalidReport,
  SAMPLE_REPORTS,
} from './sample-report.ts';

const PLAIN = { color: false } as const;
const withoutColor = (text: string) => text.replaceAll(/\u001b\[[\d;]+m/g, '');
const commandsOf = (report = demoReport()) =>
  report.findings.flatMap(({ remedy }) => remedy.commands.flatMap(({ text }) => text.split('\n')));

test('the answer comes first, then findings with what to do next, then numbers', () => {
  const text = renderTerminal(demoReport(), { ...PLAIN, reportPath: 'reports/shop/report.html' });
  const inOrder = [
    'shop-farm: https://shop.example.com, IIS with ARR',
    '4 findings: 1 critical, 1 error, 1 warning, 1 note',
    'The gateway gives up after 2 s',
    '1. CRITICAL confirmed, in the gateway (timeout/gateway-response)',
    'timeout 2 s (2 to 2.01 s)',
    'Next:   Raise the proxy timeout',
    'appcmd.exe set config -section:webFarms',
    'Verify: Run the same profile',
    '2. ERROR likely, between the gateway and web2',
    'route         requests     ok  failed       p50      p95     p99',
    'gateway          2,400  2,286      74   13.8 ms    29 ms  193 ms',
    'gateway adds                           +1.75 ms  -210 µs     n/a',
    'n/a: too few answers on that route; p99 needs 368',
    'passed    gateway p99 < 800ms, measured 193 ms',
    'failed    gateway errors < 0.1%',
    'undecided overhead p99 < 15ms',
    'seed 20260302',
    'Report: reports/shop/report.html',
  ];
  let from = 0;
  for (const part of inOrder) {
    const at = text.indexOf(part, from);
    assert.ok(at >= 0, `"${part}" is missing or out of order in\n${text}`);
    from = at;
  }
});

for (const [name, build] of Object.entries(SAMPLE_REPORTS)) {
  test(`the ${name} report keeps to 100 columns, but for commands`, () => {
    const commands = commandsOf(build());
    const long = renderTerminal(build(), PLAIN)
      .split('\n')
      .filter(
        (line) => line.length > 100 && !commands.some((command) => line.trimStart().startsWith(command.slice(0, 3))),
      );
    assert.deepEqual(long, []);
  });

  test(`the ${name} report has no escape sequence without colour, and the same words with it`, () => {
    const plain = renderTerminal(build(), PLAIN);
    assert.doesNotMatch(plain, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    const colored = renderTerminal(build(), { color: true });
    assert.ok(colored.includes('\u001b[1'));
    assert.equal(withoutColor(colored), plain);
    assert.equal(terminalWriter.render(build()), plain);
  });
}

test('nothing that a target sends reaches the terminal as a command', () => {
  assert.doesNotMatch(withoutColor(renderTerminal(hostileReport(), { color: true })), /\u001b/);
});

test('a run that is not valid gives no verdict', () => {
  const text = renderTerminal(invalidReport(), PLAIN);
  assert.match(text, /^THIS RUN IS NOT VALID$/m);
  assert.match(text, /p99 of the lateness is 61 ms/);
  assert.doesNotMatch(text, /CRITICAL|gives up after|passed|undecided/);
});

test('what failed is counted also where nothing is judged, unless the probe may have made the failures itself', () => {
  const report = invalidReport();
  assert.match(
    renderTerminal(report, PLAIN).replace(/\s+/g, ' '),
    /Counted, but not judged: \d+ of [\d ,]+ requests failed \(gateway\), /,
  );
  const short = { ...report, quality: { ...report.quality, portShortages: 3 } };
  assert.doesNotMatch(renderTerminal(short, PLAIN), /Counted/);
  const calm = { ...clearReport(), validity: report.validity };
  assert.doesNotMatch(renderTerminal(calm, PLAIN), /Counted/);
});

test('calm when nothing was found, honest when nobody could tell', () => {
  assert.match(renderTerminal(clearReport(), PLAIN), /^No fault found\n {2}Nothing wrong was found/m);
  const text = renderTerminal(interruptedReport(), PLAIN);
  assert.match(text, /too little was measured to rule one out/);
  assert.match(text, /interrupted after 1\.24 s/);
});

test('a figure is said once: the reason stands beside it only where it says more', () => {
  const [threshold] = clearReport().thresholds.length > 0 ? clearReport().thresholds : invalidReport().thresholds;
  assert.ok(threshold !== undefined);
  const shown = (verdict: 'pass' | 'undecided'): string =>
    renderTerminal(
      {
        ...clearReport(),
        thresholds: [{ ...threshold, verdict, measured: { value: 193_000 }, unit: 'us', because: 'the reason' }],
      },
      PLAIN,
    );
  assert.doesNotMatch(shown('pass'), /the reason/);
  assert.match(shown('undecided'), /the reason/);
});

test('many findings are cut, and counted', () => {
  const report = demoReport();
  const findings = Array.from({ length: 5 }, () => report.findings).flat();
  assert.match(renderTerminal({ ...report, findings }, PLAIN), /^and 12 more, in the report$/m);
});
