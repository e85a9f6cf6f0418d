/** Tokens of an access log line of an Application Load Balancer. */

const BLANK = 32;
const QUOTE = 34;
const BACKSLASH = 92;

/** Places of tokens in the line, by AWS's names. Later tokens are read by their order only. */
export const ALB_TOKENS = [
  'type',
  'time',
  'elb',
  'client:port',
  'target:port',
  'request_processing_time',
  'target_processing_time',
  'response_processing_time',
  'elb_status_code',
  'target_status_code',
  'received_bytes',
  'sent_bytes',
  'request',
  'user_agent',
  'ssl_cipher',
  'ssl_protocol',
  'target_group_arn',
  'trace_id',
  'domain_name',
  'chosen_cert_arn',
  'matched_rule_priority',
  'request_creation_time',
  'actions_executed',
  'redirect_url',
  'error_reason',
  'target:port_list',
  'target_status_code_list',
  'classification',
  'classification_reason',
  'conn_trace_id',
] as const;
export type AlbToken = (typeof ALB_TOKENS)[number];

/** Lines before 2017 ended with the protocol of TLS. */
export const LEAST_TOKENS = 16;

export const PLACE = Object.fromEntries(ALB_TOKENS.map((name, at) => [name, at])) as Readonly<Record<AlbToken, number>>;

export type AlbPlaces = {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  count: number;
};

export function emptyPlaces(): AlbPlaces {
  return { starts: new Int32Array(ALB_TOKENS.length), ends: new Int32Array(ALB_TOKENS.length), count: 0 };
}

/** Finds tokens; those in quotes without them. What follows the known ones is not looked at. False where a quote is not closed. */
export function splitTokens(places: AlbPlaces, buffer: Buffer, start: number, end: number): boolean {
  let at = start;
  places.count = 0;
  while (at < end && places.count < ALB_TOKENS.length) {
    const isQuoted = buffer[at] === QUOTE;
    const from = isQuoted ? at + 1 : at;
    let stop = from;
    for (; stop < end; stop++) {
      const byte = buffer[stop];
      if (isQuoted && byte === BACKSLASH) stop++;
      else if (isQuoted ? byte === QUOTE && (stop + 1 === end || buffer[stop + 1] === BLANK) : byte === BLANK) break;
    }
    if (isQuoted && stop >= end) return false;
    places.starts[places.count] = from;
    places.ends[places.count] = stop;
    places.count++;
    at = isQuoted ? stop + 2 : stop + 1;
  }
  return true;
}
