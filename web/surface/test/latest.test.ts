import { expect, test } from 'vitest';
import { makeJourney } from '../dev/journeys.mjs';
import type { Journey } from '../src/api';
import { latest } from '../src/latest';

const journey = (over: Partial<Journey>): Journey => ({
  ...(makeJourney('amount') as unknown as Journey),
  ...over,
});
const session = journey({}).session;
const at = (revision: number, second: number) =>
  journey({ session, revision, server_time: `2030-01-01T00:00:0${second}.000Z` });

test('an older revision never replaces a newer one', () => {
  const newer = at(7, 1);
  expect(latest(newer, at(6, 9))).toBe(newer);
  expect(latest(at(6, 9), newer)).toBe(newer);
});

test('within a revision the later word counts', () => {
  const later = at(7, 2);
  expect(latest(later, at(7, 1))).toBe(later);
  expect(latest(at(7, 1), later)).toBe(later);
});

test('another session is not ours', () => {
  const ours = at(1, 1);
  expect(latest(ours, journey({ revision: 99 }))).toBe(ours);
  expect(latest(null, ours)).toBe(ours);
});
