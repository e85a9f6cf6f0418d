/** A notice in the words of whom it goes to. */
import type { AlertHeading, Notice } from './alerting.ts';

export const ALERT_TEMPLATES = ['generic', 'slack', 'teams', 'alertmanager'] as const;
export type AlertTemplate = (typeof ALERT_TEMPLATES)[number];

export type PayloadContext = {
  /** Where the monitor's pages are, if they can be reached; linked to. */
  readonly pageUrl?: string;
  /** How long Alertmanager keeps an alert that is not told again. */
  readonly holdUs?: number;
};

/** Alertmanager forgets an alert after its own resolve_timeout (5 min); ours is told at change only. A day. */
const DEFAULT_HOLD_US = 86_400_000_000;

const WORDS = {
  opened: 'Alert',
  worse: 'Alert, now urgent',
  reminder: 'Still open',
  flapping: 'Comes and goes; its end will be told',
  recovered: 'Recovered',
} as const;

const HEADINGS: Readonly<Record<AlertHeading, string>> = {
  unwatched: 'Over, no longer watched',
  'found-during': 'Found during an alert that is over',
  'not-found': 'No longer found',
};

function wordsOf({ kind, alert }: Notice): string {
  return alert.heading === undefined ? WORDS[kind] : HEADINGS[alert.heading];
}

/** One line: `Alert: shop: … (gateway: 3 of the last 5 rounds failed)`. */
export function noticeText(notice: Notice): string {
  const { kind, alert, atUs } = notice;
  const since = `since ${isoOf(alert.openedAtUs)}`;
  return kind === 'recovered'
    ? `${wordsOf(notice)}: ${alert.title} (open from ${isoOf(alert.openedAtUs)} to ${isoOf(atUs)})`
    : `${wordsOf(notice)}: ${alert.title} (${alert.because}; ${since})`;
}

/** The JSON body of the request. */
export function payloadOf(template: AlertTemplate, notice: Notice, context: PayloadContext = {}): unknown {
  switch (template) {
    case 'generic':
      return genericPayload(notice, context);
    case 'slack':
      return { text: slackEscaped(withLink(noticeText(notice), context)) };
    case 'teams':
      return teamsPayload(notice, context);
    case 'alertmanager':
      return [alertmanagerAlert(notice, context)];
    default:
      return template satisfies never;
  }
}

function genericPayload({ kind, atUs, alert }: Notice, { pageUrl }: PayloadContext): unknown {
  return {
    schemaVersion: 1,
    kind,
    at: isoOf(atUs),
    text: noticeText({ kind, atUs, alert }),
    alert: {
      id: alert.id,
      profile: alert.profile,
      cause: alert.cause,
      urgency: alert.urgency,
      openedAt: isoOf(alert.openedAtUs),
      routes: alert.routes,
      rules: alert.rules,
      title: alert.title,
      because: alert.because,
    },
    ...(pageUrl === undefined ? {} : { pageUrl }),
  };
}

/** An Adaptive Card, as Teams' workflows take it ("When a Teams webhook request is received"). */
function teamsPayload(notice: Notice, { pageUrl }: PayloadContext): unknown {
  const { kind, alert } = notice;
  const color = kind === 'recovered' ? 'Good' : alert.urgency === 'page' ? 'Attention' : 'Warning';
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: wordsOf(notice), weight: 'Bolder', color, wrap: true },
            { type: 'TextBlock', text: alert.title, wrap: true },
            {
              type: 'FactSet',
              facts: [
                { title: 'Cause', value: alert.cause },
                { title: 'Where', value: alert.routes.join(', ') },
                { title: 'Because', value: alert.because },
                { title: 'Since', value: isoOf(alert.openedAtUs) },
              ],
            },
          ],
          ...(pageUrl === undefined ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open', url: pageUrl }] }),
        },
      },
    ],
  };
}

/** One alert of `POST /api/v2/alerts`: labels make its identity, so nothing in them changes while it is open. */
function alertmanagerAlert({ kind, atUs, alert }: Notice, { pageUrl, holdUs }: PayloadContext): unknown {
  const endsAtUs = kind === 'recovered' ? atUs : atUs + (holdUs ?? DEFAULT_HOLD_US);
  return {
    labels: { alertname: 'gateprobe', profile: alert.profile, cause: alert.cause, alert: alert.id },
    annotations: {
      summary: alert.title,
      description: alert.because,
      urgency: alert.urgency,
      routes: alert.routes.join(', '),
    },
    startsAt: isoOf(alert.openedAtUs),
    endsAt: isoOf(endsAtUs),
    ...(pageUrl === undefined ? {} : { generatorURL: pageUrl }),
  };
}

function withLink(text: string, { pageUrl }: PayloadContext): string {
  return pageUrl === undefined ? text : `${text} ${pageUrl}`;
}

/** The three characters that Slack gives a meaning; what comes from a target may hold a mention of everybody. */
function slackEscaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function isoOf(atUs: number): string {
  return new Date(atUs / 1_000).toISOString();
}
