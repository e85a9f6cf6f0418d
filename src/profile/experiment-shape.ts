/** What `experiments` may hold. */
import { z } from 'zod';
import { headerNameLeaf } from './http-leaves.ts';
import {
  choiceLeaf,
  durationLeaf,
  exactlyOne,
  integerLeaf,
  leaf,
  nameLeaf,
  rateLeaf,
  ratioLeaf,
  someOf,
  textLeaf,
} from './leaves.ts';
import { accept, refuse } from './parsed.ts';

const request = nameLeaf([])
  .describe('Name of the request to send; left out: the first one without {delayMs}.')
  .optional();
const ENGINES = ['wire', 'autocannon'] as const;
const ARRIVALS = ['uniform', 'poisson', 'burst'] as const;

const log = textLeaf('the path of a log').describe(
  'Log whose moments of requests are taken; its format is recognised by its lines.',
);
const replay = z
  .strictObject({
    log,
    speed: leaf(
      (value) =>
        typeof value === 'number' && value >= 0.01 && value <= 100
          ? accept(value)
          : refuse('a number from 0.01 to 100'),
      { type: 'number', minimum: 0.01, maximum: 100 },
    )
      .describe('2: twice as fast as in the log. Default 1.')
      .optional(),
  })
  .describe('Open loop: requests are due at the moments of those in a log. Instead of rate and connections.');

const compare = z
  .strictObject({
    rate: rateLeaf().describe('Rounds per second. Each round asks the gateway and every member the same once.'),
    for: durationLeaf().describe('How long, for example 60s.'),
    newConnections: ratioLeaf()
      .describe('Share of rounds that open new connections on every route. Default 50%.')
      .optional(),
    arrival: choiceLeaf(ARRIVALS)
      .describe('How rounds are spread over time. Default poisson, as independent users arrive.')
      .optional(),
    requests: someOf(nameLeaf([])).describe('Names of the requests to draw from; left out: all.').optional(),
  })
  .describe('The same request through the gateway and directly to each member, at the same moment, in random order.');

const ramp = z
  .strictObject({
    from: rateLeaf().describe('Rate at the start.'),
    to: rateLeaf().describe('Rate at the end.'),
    for: durationLeaf().describe('How long the rise takes.'),
    replay: z
      .strictObject({ log })
      .describe('Gaps between requests are those of a log, stretched to the rate of each moment. Default even gaps.')
      .optional(),
    request,
  })
  .describe('A rate that rises steadily through the gateway: up to which rate answers keep pace and time.');

const burst = z
  .strictObject({
    rate: rateLeaf()
      .describe('Open loop: due whether or not earlier requests were answered. Instead of connections.')
      .optional(),
    connections: integerLeaf(1, 10_000)
      .describe('Closed loop: so many at once, each sends again when answered. Instead of rate.')
      .optional(),
    replay: replay.optional(),
    for: durationLeaf().describe('How long, for example 5s.'),
    arrival: choiceLeaf(ARRIVALS)
      .describe('Open loop only. Default uniform, so that a backlog grows in a straight line.')
      .optional(),
    engine: choiceLeaf(ENGINES)
      .describe('Closed loop only. Default wire, our own; autocannon is a second one to compare with, for plain http.')
      .optional(),
    request,
  })
  .describe('A high load for a short time: open loop (rate, replay) or closed loop (connections).')
  .meta({ oneOf: [{ required: ['rate'] }, { required: ['connections'] }, { required: ['replay'] }] });

const volley = z
  .strictObject({
    sizes: someOf(integerLeaf(1, 10_000)).describe('Requests sent at one instant, for example [2, 4, 8, 16, 32].'),
    request,
    beside: nameLeaf([])
      .describe(
        'Name of a quick request, sent now and then while a volley of a slow one is under way: whether it has to wait.',
      )
      .optional(),
  })
  .describe('Requests sent at one instant, in growing numbers: shows how many are worked on at once.');

const idle = z
  .strictObject({
    gaps: someOf(durationLeaf()).describe('Quiet times to try, for example [30s, 5m, 21m].'),
    repeats: integerLeaf(1, 100).describe('How often each gap is tried. Default 2.').optional(),
    request,
  })
  .describe('The first request after a quiet time: finds cold starts and dropped connections.');

const timeout = z
  .strictObject({
    request: nameLeaf([])
      .describe('A request with {delayMs} in its path; left out: read from what other experiments saw.')
      .optional(),
    upTo: durationLeaf().describe('The longest delay to ask for.'),
  })
  .describe('How long the gateway waits for an answer.');

const keepAlive = z
  .strictObject({
    upTo: durationLeaf().describe('The longest idle time to wait for, for example 130s.'),
    request: nameLeaf([])
      .describe(
        'What is sent after the pauses; left out: a request marked safe that gateways do not repeat, else the heaviest.',
      )
      .optional(),
    connectionHeader: headerNameLeaf()
      .describe('Header by which members tell on which connection a request came: shows what the gateway reuses.')
      .optional(),
  })
  .describe('How long members and the gateway keep idle connections, and what a request meets that comes just then.');

export const experimentShape = exactlyOne({ compare, ramp, burst, volley, idle, 'keep-alive': keepAlive, timeout });

export type WrittenExperiment = z.output<typeof experimentShape>;
