import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';

const WEBSOCKET = { name: 'ForwarderError, WebSocket or upgrade' };

// ForwarderError of YARP’s source; each line in its log is `{error}: {message}` and carries the exception.
const ROWS: readonly CodeRow[] = [
  [
    'Request',
    'connect/failed',
    'Connecting, sending, or receiving the headers failed; the exception tells which (502).',
    {
      inALog:
        'SocketException 10061 or 111 is a refusal; “The response ended prematurely” is a member that closed; AuthenticationException is TLS.',
    },
  ],
  ['RequestCreation', 'gateway/internal', 'The outgoing request could not be made (502).'],
  [
    'RequestTimedOut',
    'response/timeout',
    'No answer within ActivityTimeout (100 s), or no connection within ConnectTimeout (504).',
  ],
  [
    'RequestCanceled',
    'client/abort',
    'The client left (400), or the request was cancelled (502); only at level Debug.',
  ],
  ['RequestBodyCanceled', 'client/abort', 'The client left while its body was being sent; only at level Debug.'],
  ['RequestBodyClient', 'client/abort', 'The client’s body could not be read (400, 408 or 413).'],
  ['RequestBodyDestination', 'request/send-failed', 'The body could not be written to the member (502 or 504).'],
  ['ResponseHeaders', 'response/malformed', 'The member’s headers cannot be passed on (502).'],
  ['ResponseBodyCanceled', 'client/abort', 'The client left during the body.'],
  ['ResponseBodyClient', 'client/abort', 'The body could not be written to the client.'],
  [
    'ResponseBodyDestination',
    'response/truncated',
    'The member broke off in the middle of the body; the client’s connection is cut.',
  ],
  ['UpgradeRequestCanceled', 'client/abort', 'Cancelled while data went to the member.', WEBSOCKET],
  ['UpgradeRequestClient', 'client/abort', 'The client’s side failed while data went to the member.', WEBSOCKET],
  ['UpgradeRequestDestination', 'response/truncated', 'The member’s side failed while data went to it.', WEBSOCKET],
  ['UpgradeResponseCanceled', 'client/abort', 'Cancelled while data came from the member.', WEBSOCKET],
  ['UpgradeResponseClient', 'client/abort', 'The client’s side failed while data came from the member.', WEBSOCKET],
  ['UpgradeResponseDestination', 'response/truncated', 'The member’s side failed while data came from it.', WEBSOCKET],
  ['UpgradeActivityTimeout', 'response/stalled', 'Nothing moved for ActivityTimeout.', WEBSOCKET],
  ['NoAvailableDestinations', 'pool/none', 'The cluster has no member that may be asked (503).'],
];

const MEANINGS = codeTable(
  'yarp',
  ROWS.map(
    ([code, outcome, meaning, details]): CodeRow => [code, outcome, meaning, { name: 'ForwarderError', ...details }],
  ),
);

export function yarpMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}
