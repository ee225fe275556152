// What the frame may say. Anything else that arrives is not for us.

export type Message =
  | { type: 'ready' }
  | { type: 'resize'; height: number }
  | { type: 'success'; txId: string; sessionId: string }
  | { type: 'error'; code: string; message: string }
  | { type: 'close' | 'unavailable'; reason: string };

/** Far beyond any real page; a broken one must not make the partner's page endless. */
const HEIGHT_MAX = 5_000;

export function readMessage(data: unknown): Message | null {
  if (!isRecord(data) || data.source !== '0gate' || data.version !== 1) return null;
  const payload = isRecord(data.payload) ? data.payload : {};
  switch (data.type) {
    case 'ready':
      return { type: 'ready' };
    case 'resize':
      return isHeight(payload.height) ? { type: 'resize', height: payload.height } : null;
    case 'success':
      return { type: 'success', txId: text(payload.txId), sessionId: text(payload.sessionId) };
    case 'error':
      return { type: 'error', code: text(payload.code), message: text(payload.message) };
    case 'close':
    case 'unavailable':
      return { type: data.type, reason: text(payload.reason) };
    default:
      return null;
  }
}

const isHeight = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value <= HEIGHT_MAX;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
