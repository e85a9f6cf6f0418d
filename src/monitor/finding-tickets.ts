/** Findings as alerts: told once, when they have lasted and nobody was woken for the same place already. No I/O, no clock. */
import type { HistoryEvent } from '../model/history.ts';
import { isAtLeast, type Severity } from '../model/severity.ts';
import type { Alert, AlertHeading, Notice } from './alerting.ts';

export type FindingTicketOptions = {
  /** The least severity that is told. */
  readonly from: Severity;
  /** Looks that a finding must have lasted. */
  readonly after: number;
  /** Left out: told once. */
  readonly repeatUs?: number;
};

export type FindingTickets = {
  /** A finding that opened, changed or closed; only its end may be worth telling at once. */
  take(event: HistoryEvent, atUs: number): readonly Notice[];
  /** One that is open and was told before. */
  recall(event: HistoryEvent): void;
  /** What is due. `open`: alerts of failures, which go first. */
  tick(atUs: number, open: readonly Alert[]): readonly Notice[];
};

/** The history is judged so often. */
const LOOK_EVERY_US = 300_000_000;

/** `hasWaited`: it was due, and somebody was awake for its place. */
type Ticket = { event: HistoryEvent; toldAtUs: number | undefined; hasWaited: boolean };

export function createFindingTickets({ from, after, repeatUs }: FindingTicketOptions): FindingTickets {
  const tickets = new Map<string, Ticket>();
  const isDue = ({ event, toldAtUs }: Ticket, atUs: number): boolean => {
    if (!isAtLeast(event.severity, from)) return false;
    if (toldAtUs === undefined) return atUs - event.fromAtUs >= (after - 1) * LOOK_EVERY_US;
    return repeatUs !== undefined && atUs - toldAtUs >= repeatUs;
  };
  return {
    take(event, atUs) {
      const known = tickets.get(event.id);
      if (event.toAtUs === undefined) {
        tickets.set(event.id, { event, toldAtUs: known?.toldAtUs, hasWaited: known?.hasWaited ?? false });
        return [];
      }
      tickets.delete(event.id);
      // Who was never told of it need not hear that it is over.
      return known?.toldAtUs === undefined ? [] : [{ kind: 'recovered', atUs, alert: alertOf(event, 'not-found') }];
    },
    recall(event) {
      tickets.set(event.id, { event, toldAtUs: event.fromAtUs, hasWaited: false });
    },
    tick(atUs, open) {
      return [...tickets.values()].flatMap((ticket): readonly Notice[] => {
        if (!isDue(ticket, atUs)) return [];
        if (isWoken(ticket.event, open)) {
          ticket.hasWaited = true;
          return [];
        }
        const kind = ticket.toldAtUs === undefined ? 'opened' : 'reminder';
        ticket.toldAtUs = atUs;
        return [
          {
            kind,
            atUs,
            alert: alertOf(ticket.event, kind === 'opened' && ticket.hasWaited ? 'found-during' : undefined),
          },
        ];
      });
    },
  };
}

/** While somebody is awake because the same place fails, a ticket about it is noise; it is told when that is over. */
function isWoken({ route, profile }: HistoryEvent, open: readonly Alert[]): boolean {
  return open.some(
    (alert) =>
      alert.urgency === 'page' && alert.profile === profile && (route === undefined || alert.routes.includes(route)),
  );
}

function alertOf(
  { id, profile, cause, fromAtUs, route, title, facts }: HistoryEvent,
  heading: AlertHeading | undefined,
): Alert {
  return {
    id,
    profile,
    cause: cause ?? 'finding',
    urgency: 'ticket',
    openedAtUs: fromAtUs,
    routes: route === undefined ? [] : [route],
    rules: [],
    title: `${profile}: ${title}`,
    because: `a finding in the history, ${String(facts['confidence'] ?? 'possible')}`,
    ...(heading === undefined ? {} : { heading }),
  };
}
