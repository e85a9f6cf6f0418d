/** Two ways in which one cause shows: what either finds is found. */
import type { Detection, Detector } from './detector.ts';

/**
 * The second adds its candidates, and its words where neither has any; whether the cause is clear is for the first to say. Both
 * must be of the same cause.
 */
export function together(first: Detector, second: Detector): Detector {
  return {
    cause: first.cause,
    detect(context) {
      const [one, other] = [first.detect(context), second.detect(context)];
      if (one.state === 'candidates' && other.state === 'candidates')
        return { state: 'candidates', candidates: [...one.candidates, ...other.candidates] };
      if (other.state === 'candidates') return other;
      const said = wordsOf(other);
      if (one.state === 'clear') return { ...one, checked: `${one.checked}; ${said}` };
      return one.state === 'insufficient-data' ? { ...one, have: `${one.have}; ${said}` } : one;
    },
  };
}

function wordsOf(detection: Exclude<Detection, { readonly state: 'candidates' }>): string {
  switch (detection.state) {
    case 'clear':
      return detection.checked;
    case 'not-applicable':
      return detection.reason;
    case 'insufficient-data':
      return `to tell more it takes ${detection.need}; there is: ${detection.have}`;
    default:
      return detection satisfies never;
  }
}
