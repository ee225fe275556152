// Trades the client secret for a short-lived embed token. The browser adds the Origin header that
// the API checks, which is why this happens in the partner's page and not in the frame.
import type { GateOptions } from './options';

export interface Opened {
  token: string;
  partner: string;
  mode: string;
  primaryColor: string | null;
}

/** The session cannot be served: the API said so, and asking again will not help. */
export interface Refused {
  refused: string;
}

/** No usable answer: the network, or a fault of the gateway. */
export interface Failed {
  code: string;
  message: string;
}

const TIMEOUT_MS = 20_000;

export async function bootstrap(
  base: string,
  { publishableKey, clientSecret }: GateOptions,
): Promise<Opened | Refused | Failed> {
  try {
    const response = await fetch(`${base}/v1/embed/bootstrap`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${publishableKey}` },
      body: JSON.stringify({ clientSecret }),
      credentials: 'omit',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = await response.json();
    if (response.ok) {
      return {
        token: body.embed_token,
        partner: body.partner_id,
        mode: body.mode,
        primaryColor: body.branding?.primary_color ?? body.branding?.accent_color ?? null,
      };
    }
    if ([401, 403, 409].includes(response.status)) return { refused: String(body.code) };
    return { code: String(body.code), message: String(body.message) };
  } catch {
    return { code: 'network_error', message: 'The gateway could not be reached.' };
  }
}
