import { expect, test } from 'vitest';
import { formatSeconds, ServerClock } from '../src/clock';

test('time is the server’s, whatever the local clock says', () => {
  let monotonic = 5_000;
  const clock = new ServerClock(() => monotonic);
  clock.hear('2030-01-01T00:00:00.000Z');
  monotonic += 30_000;
  expect(clock.secondsUntil('2030-01-01T00:02:00.000Z')).toBe(90);
  monotonic += 600_000;
  expect(clock.secondsUntil('2030-01-01T00:02:00.000Z')).toBe(0);
});

test('a message that came late does not turn the clock back', () => {
  let monotonic = 0;
  const clock = new ServerClock(() => monotonic);
  clock.hear('2030-01-01T00:00:10.000Z');
  monotonic = 4_000;
  clock.hear('2030-01-01T00:00:11.000Z'); // three seconds on its way
  expect(clock.now()).toBe(Date.parse('2030-01-01T00:00:14.000Z'));
});

test('seconds read as a clock does', () => {
  expect([119, 60, 9, 0].map(formatSeconds)).toEqual(['1:59', '1:00', '0:09', '0:00']);
});
