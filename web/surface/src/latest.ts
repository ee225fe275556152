import type { Journey } from './api';

/**
 * The journey to show after one more was heard. Answers, the stream and polls arrive in any order;
 * an older revision never replaces a newer one, and another session's never replaces ours.
 */
export function latest(present: Journey | null, heard: Journey): Journey {
  if (present === null) return heard;
  if (heard.session.id !== present.session.id) return present;
  if (heard.revision !== present.revision) {
    return heard.revision > present.revision ? heard : present;
  }
  // Within one revision time still passes: a quote may have lapsed meanwhile.
  return Date.parse(heard.server_time) >= Date.parse(present.server_time) ? heard : present;
}
