// What a partner may pass. The types refuse a secret key where TypeScript can see it, and
// `checkOptions` where it cannot.

export type Theme = 'light' | 'dark';

/** Safe in a browser. A secret key, `sk_…`, is not, and does not fit here. */
export type PublishableKey = `pk_${string}`;

export interface GateOptions {
  publishableKey: PublishableKey;
  /** Opens one session. Comes from your backend; keep it out of logs and addresses. */
  clientSecret: string;
  environment?: 'sandbox' | 'live';
  theme?: Theme;
  /** The gateway's origin. By default the one that this script was loaded from. */
  apiBase?: string;
}

/** What happened on the page. None of these proves a payment: wait for the webhook. */
export interface GateHandlers {
  onReady?: () => void;
  onSuccess?: (result: { txId: string; sessionId: string }) => void;
  onError?: (error: { code: string; message: string }) => void;
  /** The session may still be open; do not mark the order as failed. */
  onClose?: (result: { reason: string }) => void;
  /**
   * What the session is for cannot be bought now, and why: a code such as `currency_not_supported`,
   * or how the session ended. The page says so; it goes on by itself if that changes.
   */
  onUnavailable?: (result: { reason: string }) => void;
}

export class SecretKeyError extends Error {
  override readonly name = 'SecretKeyError';
}

/** Mounting did not work, and may be tried again. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

export function checkOptions(options: GateOptions): void {
  const { publishableKey, clientSecret } = options;
  // Read as a plain string: the type cannot speak for callers without TypeScript.
  if (String(publishableKey).startsWith('sk_')) {
    throw new SecretKeyError(
      'A secret key was passed to the browser. Use the publishable key (pk_…), and roll the secret key.',
    );
  }
  if (!publishableKey) throw new TypeError('publishableKey is missing');
  if (!clientSecret) throw new TypeError('clientSecret is missing');
}
