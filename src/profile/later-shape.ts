/** Keys that a run alone does not need: for the monitor, history and alerts, for logs and configuration. */
import { z } from 'zod';
import { LOG_FORMATS } from '../model/log.ts';
import { EXPERIMENT_KINDS, type Profile, WEBHOOK_TEMPLATES } from '../model/profile.ts';
import { SEVERITIES } from '../model/severity.ts';
import { headerNameLeaf, headerValueLeaf, originLeaf, webAddressLeaf } from './http-leaves.ts';
import { choiceLeaf, durationLeaf, integerLeaf, leaf, ratioLeaf, sizeLeaf, someOf, textLeaf } from './leaves.ts';
import { accept, refuse } from './parsed.ts';

/** Retention is counted in months and years, which no timer has to wait for. */
const TEN_YEARS_US = 3_650 * 86_400 * 1_000_000;
/** An empty history has 0.2 MB; with less than this, hardly a day of a farm would stay. */
const MIN_HISTORY_BYTES = 10_000_000;
/** A hundred farms for ten years. */
const MAX_HISTORY_BYTES = 1e12;

export function timeZoneLeaf() {
  return leaf(
    (value) => {
      const expected = 'a time zone such as Europe/Berlin, UTC or +02:00';
      if (typeof value !== 'string' || value.length > 64) return refuse(expected);
      try {
        new Intl.DateTimeFormat('en', { timeZone: value });
        return accept(value);
      } catch {
        // The only way to ask whether a zone is known is to use it.
        return refuse(expected);
      }
    },
    { type: 'string' },
  );
}

function momentLeaf() {
  return leaf(
    (value) => {
      const isMoment = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(value);
      return isMoment && !Number.isNaN(Date.parse(value))
        ? accept(value)
        : refuse('a moment such as 2026-03-01T22:00Z');
    },
    { type: 'string' },
  );
}

function clockTimeLeaf() {
  return leaf(
    (value) =>
      typeof value === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(value)
        ? accept(value)
        : refuse('a time of day such as "02:00"'),
    { type: 'string' },
  );
}

/** Five or six fields; what they may hold is the scheduler's to judge. */
function cronLeaf() {
  return leaf(
    (value) => {
      const isCron = typeof value === 'string' && /^\s*\S+(\s+\S+){4,5}\s*$/.test(value);
      return isCron ? accept(value) : refuse('a cron line of 5 or 6 fields such as "*/5 * * * *"');
    },
    { type: 'string' },
  );
}

export const scheduleShape = z
  .strictObject({
    every: durationLeaf().describe('Time between two rounds, for example 30s.').optional(),
    jitter: ratioLeaf()
      .describe('Share of the interval by which a round may move. Default 100%, with cron 0%.')
      .optional(),
    cron: cronLeaf().describe('Instead of every: a cron line.').optional(),
    timezone: timeZoneLeaf()
      .describe('Time zone of cron lines and of the night. Default: that of the machine.')
      .optional(),
    quiet: z
      .strictObject({
        from: clockTimeLeaf().describe('Begin of the night. Default 02:00.').optional(),
        to: clockTimeLeaf().describe('End of the night. Default 05:00.').optional(),
        windows: integerLeaf(0, 12).describe('Most windows in one night; 0: none at all. Default 3.').optional(),
        longest: durationLeaf().describe('The longest silence of a member. Default 45m.').optional(),
      })
      .describe('Silent windows at night, so that cold starts after idle time are seen.')
      .optional(),
    heavier: someOf(
      z.strictObject({
        cron: cronLeaf().describe('When they run.'),
        experiments: someOf(choiceLeaf(EXPERIMENT_KINDS)).describe('Which of the experiments of this profile.'),
      }),
    )
      .describe('Experiments of this profile that the monitor runs by cron lines of their own.')
      .optional(),
  })
  .describe('When the monitor asks: every or cron. Default: every 30s.')
  .meta({ oneOf: [{ required: ['every'] }, { required: ['cron'] }] });

export const logShape = z
  .strictObject({
    from: textLeaf('gateway or the name of a member').describe('Whose log it is: gateway, or the name of a member.'),
    format: choiceLeaf(LOG_FORMATS).describe('Left out: recognised from its lines.').optional(),
    files: textLeaf('a path or pattern of files').describe('Path or pattern, relative to where the command runs.'),
    pattern: textLeaf('a log format directive')
      .describe('nginx log_format or Apache LogFormat, as configured.')
      .optional(),
    timezone: timeZoneLeaf().describe('Time zone of stamps that do not say theirs.').optional(),
  })
  .describe('A log of the gateway or of a member.');

export const configShape = someOf(
  z.strictObject({
    from: textLeaf('gateway or the name of a member').describe('Whose configuration it is.'),
    files: textLeaf('a path or pattern of files').describe('Path or pattern of configuration files.'),
  }),
).describe('Configuration files of the gateway to read.');

export const maintenanceShape = someOf(
  z
    .strictObject({
      from: momentLeaf().describe('Begin of one window.').optional(),
      to: momentLeaf().describe('End of one window.').optional(),
      cron: cronLeaf().describe('Begin of a repeated window.').optional(),
      for: durationLeaf().describe('Length of a repeated window.').optional(),
      timezone: timeZoneLeaf().describe('Time zone of the cron line.').optional(),
      reason: textLeaf().describe('Shown instead of the alert.').optional(),
    })
    .meta({ oneOf: [{ required: ['from', 'to'] }, { required: ['cron', 'for'] }] }),
).describe('Times in which the monitor raises no alert: from and to, or cron and for.');

export const alertsShape = z
  .strictObject({
    from: choiceLeaf(SEVERITIES).describe('The least severity that is told. Default warning.').optional(),
    after: integerLeaf(1, 1_000)
      .describe('Looks at the history, one every 5 minutes, that a finding must have lasted. Default 1.')
      .optional(),
    repeat: durationLeaf().describe('Time after which an open alert is told again. Default: never.').optional(),
    webhook: z
      .strictObject({
        url: webAddressLeaf().describe('Where the alert is posted.'),
        template: choiceLeaf(WEBHOOK_TEMPLATES)
          .describe('In whose words: generic, slack or teams. Default generic.')
          .optional(),
        headers: z.record(headerNameLeaf(), headerValueLeaf()).describe('Further headers.').optional(),
      })
      .describe('An HTTP endpoint to tell.')
      .optional(),
    alertmanager: z
      .strictObject({ url: originLeaf().describe('Scheme, host and port of an Alertmanager.') })
      .describe('A Prometheus Alertmanager to tell.')
      .optional(),
    command: someOf(textLeaf()).describe('Read, and never started by this version.').optional(),
  })
  .describe('Whom the monitor tells.');

const CERTIFICATE_DAYS = { warning: 21, error: 7 } as const;
const DAY_US = 86_400 * 1_000_000;

export const certificatesShape = z
  .strictObject({
    warning: durationLeaf({ maxUs: TEN_YEARS_US })
      .describe(`A certificate that ends sooner is a warning. Default ${CERTIFICATE_DAYS.warning}d.`)
      .optional(),
    error: durationLeaf({ maxUs: TEN_YEARS_US })
      .describe(`One that ends sooner is an error. Default ${CERTIFICATE_DAYS.error}d.`)
      .optional(),
  })
  .describe('How long before the end of a certificate it is told.');

/** What is left out has its default; a warning never comes after the error. */
export function certificatesOf({
  warning,
  error,
}: z.output<typeof certificatesShape>): NonNullable<Profile['certificates']> {
  const errorUs = error ?? Math.min(CERTIFICATE_DAYS.error * DAY_US, warning ?? Number.POSITIVE_INFINITY);
  return { warningUs: Math.max(errorUs, warning ?? CERTIFICATE_DAYS.warning * DAY_US), errorUs };
}

export const historyShape = z
  .strictObject({
    keep: keptLeaf('Nothing is kept longer than this. Default 3650d.'),
    levels: z
      .strictObject({
        '10s': keptLeaf('Intervals of 10 seconds. Default 14d.'),
        '5m': keptLeaf('Intervals of 5 minutes. Default 90d.'),
        '1h': keptLeaf('Intervals of an hour. Default 400d.'),
        '1d': keptLeaf('Intervals of a day. Default 3650d.'),
      })
      .describe('How long which intervals are kept.')
      .optional(),
    exchanges: keptLeaf('How long failed, slow and first requests are kept one by one. Default 90d.'),
    maxSize: sizeLeaf({ minBytes: MIN_HISTORY_BYTES, maxBytes: MAX_HISTORY_BYTES })
      .describe('How large the file may become: beyond, the finest and oldest goes first. Default 1GB.')
      .optional(),
    runs: integerLeaf(1, 1_000_000).describe('Read, and not used by this version.').optional(),
  })
  .describe('How long the monitor keeps what it measured.');

function keptLeaf(meaning: string) {
  return durationLeaf({ maxUs: TEN_YEARS_US }).describe(meaning).optional();
}
