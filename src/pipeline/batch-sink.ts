/** What happens to each exchange on its way from traffic to the recording. */
import { GATEWAYS } from '../catalog.ts';
import { createLiveEstimates, type LiveEstimates } from '../experiments/live-estimates.ts';
import { recogniseGateway } from '../gateways/recognise.ts';
import { type AnswerRows, ROW, rowValue } from '../model/answer-rows.ts';
import { type AnswerFacts, type CertificateFacts, type Exchange, outcomeKey } from '../model/exchange.ts';
import type { Profile } from '../model/profile.ts';
import type { RecognisedGateway } from '../model/recording.ts';
import { GATEWAY, type RouteId } from '../model/route.ts';
import { createCutMasker, createMasker, isSecretHeader, MASK, type Masker } from '../profile/mask.ts';
import type { RecordedTraffic, Recorder } from '../recording/recorder.ts';
import { cookieSecrets, LOGIN_EXPERIMENT } from '../traffic/login.ts';
import type { SenderOptions } from '../traffic/sender.ts';

import { createMemoryGuard } from './memory-guard.ts';

export type BatchSink = {
  /** `take` and `takeRows` by the names that the sender knows them by. */
  readonly inlets: Pick<SenderOptions, 'sink' | 'rowSink'>;
  take(batch: readonly Exchange[]): void;
  /** The same for rows of ordinary answers: nothing in them is secret, or to be read any further. */
  takeRows(rows: AnswerRows): void;
  /** Login exchanges since the last call; they are not recorded. */
  takeLogins(): readonly Exchange[];
  /** Login exchanges that have come so far, taken or not. */
  loginCount(): number;
  /** Sessions that began so far: secrets that the profile does not know. */
  sessionSecrets(): readonly string[];
  recognise(): RecognisedGateway;
  /** Certificates that each route showed, kept or not what they came with. */
  readonly certificates: ReadonlyMap<RouteId, readonly CertificateFacts[]>;
  /** Ends the recording: traffic as recorded, and the remains of its way there collected. */
  finish(): RecordedTraffic;
  readonly live: LiveEstimates;
  readonly recorder: Recorder;
  readonly outcomes: Readonly<Record<string, number>>;
};

/** Reads substatus, masks secrets, and passes each batch on to the estimates and the recorder. */
export function createBatchSink(profile: Profile, recorder: Recorder): BatchSink {
  const live = createLiveEstimates();
  const answers = createAnswers();
  let mask = createAnswerMask(profile.secrets, profile.mask);
  const sessions = new Set<string>();
  const outcomes: Record<string, number> = {};
  const memory = createMemoryGuard();
  const certificates = new Map<RouteId, readonly CertificateFacts[]>();
  let logins: Exchange[] = [];
  let loginCount = 0;
  const countOutcome = (key: string): void => {
    outcomes[key] = (outcomes[key] ?? 0) + 1;
  };
  function takeRows(rows: AnswerRows): void {
    for (let row = 0; row < rows.count; row++) countOutcome(String(rowValue(rows, row, ROW.status)));
    live.addRows(rows);
    recorder.recordRows(rows);
    // A row leaves next to nothing behind.
    memory.look(rows.count / 16);
  }
  function take(batch: readonly Exchange[]): void {
    for (const { route, certificate } of batch) {
      if (certificate === undefined) continue;
      const known = certificates.get(route) ?? [];
      // Each sending thread tells of it once.
      if (known.some(({ fingerprint }) => fingerprint === certificate.fingerprint)) continue;
      certificates.set(route, [...known, certificate]);
    }
    if (batch[0]?.experimentId === LOGIN_EXPERIMENT) {
      logins.push(...batch);
      // Before anything is sent with them: what echoes a session comes later.
      for (const { answer } of batch) for (const value of cookieSecrets(answer)) sessions.add(value);
      mask = createAnswerMask([...profile.secrets, ...sessions], profile.mask);
      loginCount += batch.length;
      return;
    }
    const exchanges = batch.map((exchange) => readExchange(exchange, mask));
    answers.add(exchanges);
    for (const { outcome } of exchanges) countOutcome(outcomeKey(outcome));
    live.add(exchanges);
    recorder.record(exchanges);
    memory.look(exchanges.length);
  }
  return {
    inlets: { sink: take, rowSink: takeRows },
    certificates,
    take,
    takeRows,
    takeLogins() {
      const taken = logins;
      logins = [];
      return taken;
    },
    loginCount: () => loginCount,
    sessionSecrets: () => [...sessions],
    recognise: () => recogniseGateway(GATEWAYS, answers.gateway, answers.direct, profile.gateway.kind),
    finish() {
      const traffic = recorder.finish();
      memory.collect();
      return traffic;
    },
    live,
    recorder,
    outcomes,
  };
}

/** `body` for texts of which only the beginning is kept. */
export type AnswerMask = { readonly text: Masker; readonly body: Masker };

export function createAnswerMask(secrets: readonly string[], maskParams: readonly string[]): AnswerMask {
  return { text: createMasker(secrets, maskParams), body: createCutMasker(secrets, maskParams) };
}

/** An exchange as it may be kept: with the substatus that its answer carries, without secrets. */
export function readExchange(exchange: Exchange, mask: AnswerMask): Exchange {
  return masked(withSubstatus(exchange), mask);
}

/** Answers that may tell what the gateway is: the first ones of each route and the first failures. */
const ANSWERS_FOR_RECOGNITION = 200;

function createAnswers() {
  const gateway: AnswerFacts[] = [];
  const direct: AnswerFacts[] = [];
  return {
    gateway,
    direct,
    add(exchanges: readonly Exchange[]): void {
      for (const { route, answer } of exchanges) {
        const list = route === GATEWAY ? gateway : direct;
        if (answer !== undefined && list.length < ANSWERS_FOR_RECOGNITION) list.push(answer);
      }
    },
  };
}

/** Substatus from the answer itself, wherever it carries one; never guessed. */
function withSubstatus(exchange: Exchange): Exchange {
  const { outcome, answer } = exchange;
  if (outcome.kind !== 'response' || outcome.status < 400 || answer === undefined) return exchange;
  for (const gateway of GATEWAYS) {
    const substatus = gateway.codes(answer)?.substatus;
    if (substatus !== undefined) return { ...exchange, outcome: { ...outcome, substatus } };
  }
  return exchange;
}

/** What the target echoes may hold secrets; cookies it sets are secrets of their own. Masked before anything is written. */
function masked(exchange: Exchange, mask: AnswerMask): Exchange {
  const { answer, outcome } = exchange;
  if (answer === undefined && outcome.kind !== 'connection-error') return exchange;
  return {
    ...exchange,
    // It may quote the first bytes of what came.
    outcome: outcome.kind === 'connection-error' ? { ...outcome, detail: mask.body(outcome.detail) } : outcome,
    ...(answer === undefined ? {} : { answer: maskedAnswer(answer, mask) }),
  };
}

/** What an answer hands out by a telling name is a secret too; how it asks for credentials, and cookies by their names, are none. */
function isCredential(name: string): boolean {
  return isSecretHeader(name) && !/^(?:set-cookie2?|.*-authenticate|access-control-.*)$/.test(name);
}

function maskedAnswer(answer: AnswerFacts, mask: AnswerMask): AnswerFacts {
  const cookies = cookieSecrets(answer);
  // It may say the cookies that it sets once more, in a body or another header.
  const maskCookies = cookies.length === 0 ? undefined : createAnswerMask(cookies, []);
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => {
      const hide = (text: string): string => {
        if (isCredential(name)) return MASK;
        const shown = name === 'set-cookie' ? text.replace(/=[^;]*/, '=***') : text;
        return mask.text(maskCookies?.text(shown) ?? shown);
      };
      return [name, typeof value === 'string' ? hide(value) : value.map(hide)];
    }),
  );
  const { bodyStart } = answer;
  if (bodyStart === undefined) return { ...answer, headers };
  return { ...answer, headers, bodyStart: mask.body(maskCookies?.body(bodyStart) ?? bodyStart) };
}
