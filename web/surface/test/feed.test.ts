// The feed against the development server: real streams, real polls, faults on purpose.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { STEPS } from '../dev/journeys.mjs';
import { move, startMock } from '../dev/mock.mjs';
import type { Journey, Quote } from '../src/api';
import { Client } from '../src/client';
import { Feed } from '../src/feed';

type Mock = Awaited<ReturnType<typeof startMock>>;
let mock: Mock;
let feed: Feed | null = null;

beforeEach(async () => {
  mock = await startMock();
});

afterEach(async () => {
  feed?.stop();
  await mock.close();
});

function open() {
  const room = mock.open('amount');
  const quote = (room.journey.step as { quote: Quote }).quote;
  const heard: Journey[] = [];
  const reachable: boolean[] = [];
  const refused: string[] = [];
  const client = new Client({ token: room.token, base: mock.origin });
  feed = new Feed(
    client,
    {
      onJourney: (journey) => heard.push(journey),
      onReachable: (state) => reachable.push(state),
      onRefused: (error) => refused.push(error.body.code),
    },
    { poll_ms: 5, backoff_max_ms: 20, polls_between_streams: 3 },
  );
  feed.start();
  const kinds = () => heard.map((journey) => journey.step.kind);
  return { room, quote, heard, reachable, refused, kinds, client };
}

test('the stream brings the present journey and each change', async () => {
  const { room, quote, kinds } = open();
  await vi.waitFor(() => expect(kinds()).toEqual(['amount']));
  move(room, STEPS.wallet(quote));
  await vi.waitFor(() => expect(kinds()).toEqual(['amount', 'wallet']));
});

test('without a stream it polls, and goes back to the stream when that returns', async () => {
  mock.faults.streams = false;
  const { room, quote, kinds } = open();
  await vi.waitFor(() => expect(kinds().length).toBeGreaterThan(3));
  move(room, STEPS.wallet(quote));
  await vi.waitFor(() => expect(kinds()).toContain('wallet'));
  mock.faults.streams = true;
  await vi.waitFor(() => expect(mock.faults.streamsOpened).toBe(1));
});

test('while nothing answers it says so and keeps trying', async () => {
  mock.faults.refuse = [503, 'try_again', 'Busy.'];
  const { heard, reachable } = open();
  await vi.waitFor(() => expect(reachable).toContain(false));
  expect(heard).toEqual([]);
  mock.faults.refuse = null;
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0));
  expect(reachable.at(-1)).toBe(true);
});

test('a refusal for good ends it', async () => {
  mock.faults.refuse = [401, 'invalid_embed_token', 'Not known.'];
  const { refused } = open();
  await vi.waitFor(() => expect(refused).toEqual(['invalid_embed_token']));
});
