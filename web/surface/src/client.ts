// The runtime API as functions. Each action answers the journey that follows from it.
import type {
  AccountRequest,
  BootstrapBody,
  Card,
  ErrorBody,
  Flow,
  IdentityDetails,
  Journey,
  RefreshBody,
  Target,
} from './api';
import { readClaims } from './entry';

export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/** The API answered, and said no. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: ErrorBody;

  constructor(status: number, body: ErrorBody) {
    super(body.message);
    this.status = status;
    this.body = body;
  }

  /** Asking again with the same token cannot help. */
  get final(): boolean {
    return [401, 403, 404, 410].includes(this.status);
  }

  /** What to say beside the field that `pointer` names. */
  at(pointer: string): string | null {
    const detail = this.body.errors?.find((error) => error.param === pointer);
    if (detail) return detail.message;
    return this.body.param === pointer ? this.body.message : null;
  }
}

/** An address as typed, with what is said of its memo. */
export interface TypedAddress {
  address: string;
  memo?: string;
  without_memo?: boolean;
  memo_is_text?: boolean;
}

const REQUEST_TIMEOUT_MS = 20_000;
const REFRESH_BEFORE_EXPIRY_MS = 5 * 60_000;

export class Client {
  #token: string;
  #refreshing: Promise<void> | null = null;
  readonly #base: string;
  readonly #fetch: Fetch;
  readonly #onToken: (token: string) => void;

  constructor(options: {
    token: string;
    base?: string;
    fetch?: Fetch;
    onToken?: (token: string) => void;
  }) {
    this.#token = options.token;
    this.#base = options.base ?? '';
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#onToken = options.onToken ?? (() => {});
  }

  journey = () => this.#ask('GET', 'journey');
  quote = (target: Target, from: Target | null = null, payout_method: string | null = null) =>
    this.#ask('POST', 'quote', {
      ...target,
      ...(from ? { from_token: from.target_token, from_network: from.target_network } : {}),
      ...(payout_method === null ? {} : { payout_method }),
    });
  refundAddress = (address: TypedAddress) => this.#ask('POST', 'refund_address', address);
  acceptQuote = (quote_id: string) => this.#ask('POST', 'quote/accept', { quote_id });
  declineQuote = () => this.#ask('POST', 'quote/decline', {});
  flow = (flow: Flow) => this.#ask('POST', 'flow', { flow });
  account = (account: AccountRequest) => this.#ask('POST', 'account', account);
  deposit = (quote_id: string) => this.#ask('POST', 'deposit', { quote_id });
  simulateDeposit = (amount?: string) =>
    this.#ask('POST', 'simulated_deposit', amount === undefined ? {} : { amount });
  wallet = (address: TypedAddress) => this.#ask('POST', 'wallet', address);
  back = (to: 'amount' | 'wallet' | 'account' | 'refund_address') =>
    this.#ask('POST', 'back', { to });
  pay = (quote_id: string, card: Card) => this.#ask('POST', 'pay', { quote_id, card });
  challenge = (code: string) => this.#ask('POST', 'challenge', { code });
  identityEmail = (email: string) => this.#ask('POST', 'identity/email', { email });
  identityCode = (code: string) => this.#ask('POST', 'identity/code', { code });
  identityDetails = (details: IdentityDetails) => this.#ask('POST', 'identity/details', details);
  identity = (outcome: 'approved' | 'rejected') => this.#ask('POST', 'identity', { outcome });
  retry = () => this.#ask('POST', 'retry', {});
  cancel = () => this.#ask('POST', 'cancel', {});

  /** The open stream; the caller reads it and ends it. */
  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    await this.#keepFresh();
    const response = await this.#fetch(`${this.#base}/v1/embed/journey/stream`, {
      headers: { accept: 'text/event-stream', 'x-embed-token': this.#token },
      cache: 'no-store',
      signal,
    });
    if (!response.ok) throw await readError(response);
    if (!response.body) throw new Error('the stream has no body');
    return response.body;
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Journey> {
    await this.#keepFresh();
    return this.#send<Journey>(method, path, body);
  }

  async #send<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const headers: Record<string, string> = { 'x-embed-token': this.#token };
    if (body) headers['content-type'] = 'application/json';
    const response = await this.#fetch(`${this.#base}/v1/embed/${path}`, {
      method,
      headers,
      body: body ? JSON.stringify(body) : null,
      cache: 'no-store',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (!response.ok) throw await readError(response);
    return (await response.json()) as Answer;
  }

  /** One refresh at a time, and only when the end is near. Its failure is left to the real call. */
  #keepFresh(): Promise<void> {
    const { expires_at_ms } = readClaims(this.#token);
    if (expires_at_ms === null || expires_at_ms - Date.now() > REFRESH_BEFORE_EXPIRY_MS) {
      return Promise.resolve();
    }
    this.#refreshing ??= this.#send<RefreshBody>('POST', 'refresh', {})
      .then(({ embed_token }) => {
        this.#token = embed_token;
        this.#onToken(embed_token);
      })
      .catch(() => {})
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }
}

/** Trades the client secret, which is then forgotten, for an embed token. */
export async function bootstrap(
  publishable_key: string,
  client_secret: string,
  ask: Fetch = (input, init) => fetch(input, init),
): Promise<BootstrapBody> {
  const response = await ask('/v1/embed/bootstrap', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${publishable_key}` },
    body: JSON.stringify({ clientSecret: client_secret }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw await readError(response);
  return (await response.json()) as BootstrapBody;
}

/** Something between us and the API may answer with a page of its own instead of our JSON. */
async function readError(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body) {
    return new ApiError(response.status, body as ErrorBody);
  }
  return new ApiError(response.status, {
    type: 'api_error',
    code: response.status === 429 ? 'rate_limited' : 'unexpected_answer',
    message: 'The service is busy. Please try again in a moment.',
    request_id: response.headers.get('x-request-id') ?? '',
    doc_url: null,
    statusCode: response.status,
    param: null,
  });
}
