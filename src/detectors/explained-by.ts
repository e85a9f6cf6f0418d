import type { CauseId } from '../model/causes.ts';
import type { Candidate } from './detector.ts';

/** Causes that a stronger one of the same place makes unnecessary, with the sentence that says so. */
export const EXPLAINED_BY: readonly {
  readonly loser: CauseId;
  readonly winner: CauseId;
  readonly sameMember: boolean;
  readonly when?: (loser: Candidate, winner: Candidate) => boolean;
  readonly because: string;
}[] = [
  {
    loser: 'connection/dropped-before-response',
    winner: 'connection/keep-alive-race',
    sameMember: false,
    // A race that was measured; drops that only lines of the gateway show, and do not prove.
    when: (loser, winner) =>
      winner.measured['memberIdleTimeoutUs'] !== undefined &&
      loser.scope.route === 'gateway' &&
      loser.confidence !== 'confirmed',
    because:
      'connections are lost at the moment at which members close idle ones, and none was when members were asked directly',
  },
  {
    loser: 'queue/member',
    winner: 'queue/thread-starvation',
    sameMember: true,
    because: 'its threads grow too slowly, which makes the queue',
  },
  {
    loser: 'queue/gateway',
    winner: 'queue/thread-starvation',
    sameMember: false,
    because: 'requests wait in a member, which the gateway only passes on',
  },
  {
    loser: 'member/slow',
    winner: 'queue/thread-starvation',
    sameMember: true,
    because: 'its queue explains the slow answers',
  },
  {
    loser: 'change/errors',
    winner: 'member/flapping',
    sameMember: true,
    // Only those that keep to the clock.
    when: ({ measured }) => measured['periodUs'] !== undefined,
    because: 'its outages are told',
  },
  {
    loser: 'change/latency',
    winner: 'timeout/gateway-response',
    sameMember: false,
    // Only the day on which answers will meet the timer.
    when: ({ measured }) => measured['crossingDays'] !== undefined,
    because: 'requests fail of it already',
  },
  { loser: 'member/slow', winner: 'queue/member', sameMember: true, because: 'its queue explains the slow answers' },
  {
    loser: 'member/slow',
    winner: 'cold-start/idle',
    sameMember: true,
    because: 'cold starts explain the slow answers',
  },
  {
    loser: 'stall/pause',
    winner: 'cold-start/idle',
    sameMember: true,
    because: 'while an application starts, requests wait and go on together',
  },
  { loser: 'member/slow', winner: 'stall/pause', sameMember: true, because: 'its pauses explain the slow answers' },
  {
    loser: 'path/retransmission',
    winner: 'stall/pause',
    sameMember: true,
    because: 'its pauses explain answers that are late by as much',
  },
  {
    loser: 'member/slow',
    winner: 'path/delayed-ack',
    sameMember: true,
    because: 'the wait for an acknowledgement explains the slow answers',
  },
  {
    loser: 'member/errors',
    winner: 'member/flapping',
    sameMember: true,
    because: 'it goes up and down, and its errors are those of the times in which it is down',
  },
  { loser: 'member/slow', winner: 'connection/unreachable', sameMember: true, because: 'it cannot be reached' },
  { loser: 'queue/gateway', winner: 'gateway/cascade', sameMember: false, because: 'the cascade explains the waiting' },
  {
    loser: 'application/slow',
    winner: 'queue/member',
    sameMember: false,
    because: 'the queue explains the slow answers',
  },
  {
    loser: 'queue/gateway',
    winner: 'queue/member',
    sameMember: false,
    because: 'requests wait in a member, which the gateway only passes on',
  },
  {
    loser: 'gateway/overhead',
    winner: 'queue/gateway',
    sameMember: false,
    because: 'the queue in the gateway explains the added time',
  },
];
