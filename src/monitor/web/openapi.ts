/** The description of the JSON API, as OpenAPI 3.1. */

type Schema = Readonly<Record<string, unknown>>;
type Operation = {
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly hasRange?: boolean;
  readonly params?: readonly Schema[];
  readonly answer: Schema;
};

const TEXT: Schema = { type: 'string' };
const TIME: Schema = { type: 'string', format: 'date-time' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const NUMBER_OR_NULL: Schema = { type: ['number', 'null'] };
const TIME_OR_NULL: Schema = { type: ['string', 'null'], format: 'date-time' };

const PROFILE = pathParam('profile', 'Name of a profile.');
const RANGE_PARAMS: readonly Schema[] = [
  query('last', 'Length of the time until now; the usual is 90m.', {
    type: 'string',
    enum: ['90m', '6h', '24h', '7d', '30d', '1y'],
  }),
  query('from', 'Begin, instead of last.', TIME),
  query('to', 'End, exclusive; left out: now.', TIME),
];
const ROUTE = query('route', '`gateway`, or `direct:` and the name of a member.', TEXT);
const LIMIT = query('limit', 'At most so many, the newest.', { type: 'integer', minimum: 1, maximum: 10_000 });

const OPERATIONS: readonly Operation[] = [
  {
    path: '/api/v1/state',
    id: 'getState',
    summary: 'The monitor itself: schedule, lateness, whether history is written.',
    answer: object({
      version: TEXT,
      startedAt: TIME,
      now: TIME,
      isStopping: { type: 'boolean' },
      profiles: listOf({}),
    }),
  },
  {
    path: '/api/v1/profiles',
    id: 'listProfiles',
    summary: 'Every profile and route: state, counts, response times, bins.',
    hasRange: true,
    answer: object({ range: { $ref: '#/components/schemas/Range' }, profiles: listRef('Profile') }),
  },
  {
    path: '/api/v1/profiles/{profile}',
    id: 'getProfile',
    summary: 'One profile.',
    hasRange: true,
    params: [PROFILE],
    answer: { $ref: '#/components/schemas/Profile' },
  },
  {
    path: '/api/v1/profiles/{profile}/intervals',
    id: 'listIntervals',
    summary: 'Intervals with their histograms, in the finest level that suits the time.',
    hasRange: true,
    params: [PROFILE, ROUTE],
    answer: object({ intervals: listRef('Interval') }),
  },
  {
    path: '/api/v1/profiles/{profile}/events',
    id: 'listEvents',
    summary: 'Events that overlap the time, newest first.',
    hasRange: true,
    params: [PROFILE, ROUTE, LIMIT],
    answer: object({ events: listRef('Event') }),
  },
  {
    path: '/api/v1/profiles/{profile}/findings',
    id: 'listFindings',
    summary: 'Findings, open and closed.',
    hasRange: true,
    params: [PROFILE, query('open', 'true: only open ones, whenever they were seen.', { type: 'boolean' })],
    answer: object({ findings: listRef('Finding') }),
  },
  {
    path: '/api/v1/profiles/{profile}/kept',
    id: 'listKept',
    summary: 'Requests kept one by one: failures, slow ones, first ones after a pause.',
    hasRange: true,
    params: [PROFILE, ROUTE, LIMIT],
    answer: object({ kept: listOf({ type: 'object' }) }),
  },
  {
    path: '/api/v1/profiles/{profile}/quiet',
    id: 'listQuiet',
    summary: 'Times in which nothing was sent.',
    hasRange: true,
    params: [PROFILE, ROUTE, LIMIT],
    answer: object({ quiet: listOf({ type: 'object' }) }),
  },
  {
    path: '/api/v1/events/{id}',
    id: 'getEvent',
    summary: 'One event.',
    params: [pathParam('id', 'Id of an event.')],
    answer: { $ref: '#/components/schemas/Event' },
  },
  {
    path: '/api/v1/reports',
    id: 'listReports',
    summary: 'Reports of runs, newest first.',
    answer: object({ reports: listOf({ type: 'object' }) }),
  },
];

const SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: object({ error: TEXT }),
  Range: object({ from: TIME, to: TIME, binMs: { type: 'number' }, level: TEXT }),
  Times: object({ count: COUNT, p50: NUMBER_OR_NULL, p90: NUMBER_OR_NULL, p99: NUMBER_OR_NULL, max: NUMBER_OR_NULL }),
  Profile: object({
    profile: TEXT,
    isWatched: { type: 'boolean' },
    openFindings: listOf({ type: 'object' }),
    routes: listRef('Route'),
  }),
  Route: object({
    route: TEXT,
    member: { type: ['string', 'null'] },
    state: { type: 'string', enum: ['failing', 'paused', 'maintenance', 'ok', 'unknown', 'unwatched'] },
    since: TIME_OR_NULL,
    count: COUNT,
    failed: COUNT,
    outcomes: { type: 'object', additionalProperties: COUNT },
    connection: { type: 'string', enum: ['new', 'warm'] },
    responseMs: { $ref: '#/components/schemas/Times' },
    bins: listOf(object({ from: TIME, count: COUNT, failed: COUNT })),
  }),
  Interval: object({
    level: { type: 'string', enum: ['10s', '5m', '1h', '1d'] },
    from: TIME,
    route: TEXT,
    request: TEXT,
    connection: { type: 'string', enum: ['new', 'warm'] },
    count: COUNT,
    failed: COUNT,
    outcomes: { type: 'object', additionalProperties: COUNT },
    responseMs: { $ref: '#/components/schemas/Times' },
    responseHistogram: TEXT,
    serviceHistogram: TEXT,
  }),
  Event: object({
    id: TEXT,
    profile: TEXT,
    kind: TEXT,
    severity: { type: 'string', enum: ['info', 'warning', 'error', 'critical'] },
    from: TIME,
    to: TIME_OR_NULL,
    title: TEXT,
    facts: { type: 'object' },
  }),
  Finding: object({
    id: TEXT,
    profile: TEXT,
    cause: TEXT,
    severity: TEXT,
    confidence: TEXT,
    title: TEXT,
    firstSeenAt: TIME,
    lastSeenAt: TIME,
    closedAt: TIME_OR_NULL,
    timesSeen: COUNT,
  }),
};

/** `isGuarded`: a token is asked for. */
export function openApi(version: string, isGuarded: boolean): Schema {
  return {
    openapi: '3.1.0',
    info: {
      title: 'gateprobe monitor',
      version,
      description:
        'Read only. Times are ISO 8601 in UTC, durations milliseconds. A quantile is null where there are too few requests to tell it.',
    },
    paths: Object.fromEntries(OPERATIONS.map((operation) => [operation.path, { get: describe(operation) }])),
    components: {
      schemas: SCHEMAS,
      ...(isGuarded && { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } }),
    },
    ...(isGuarded && { security: [{ token: [] }] }),
  };
}

function describe({ id, summary, hasRange, params = [], answer }: Operation): Schema {
  const problem = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } } };
  return {
    operationId: id,
    summary,
    parameters: [...params, ...(hasRange === true ? RANGE_PARAMS : [])],
    responses: {
      200: { description: 'As asked.', content: { 'application/json': { schema: answer } } },
      ...(hasRange === true && { 400: { description: 'The time cannot be read.', ...problem } }),
      ...(params.some((param) => param['in'] === 'path') && { 404: { description: 'There is none.', ...problem } }),
    },
  };
}

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

function listRef(name: string): Schema {
  return listOf({ $ref: `#/components/schemas/${name}` });
}

function pathParam(name: string, description: string): Schema {
  return { name, in: 'path', required: true, description, schema: TEXT };
}

function query(name: string, description: string, schema: Schema): Schema {
  return { name, in: 'query', required: false, description, schema };
}
