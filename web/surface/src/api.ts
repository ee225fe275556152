// The words of the runtime API, under the names that the page uses. The shapes come from the
// OpenAPI document (wire.ts is generated); nothing else names them.

import type { components } from './wire';

type Schemas = components['schemas'];

/** A decimal number in a string. Never parsed into a float: see money.ts. */
export type Decimal = string;
/** RFC 3339. */
export type Instant = string;

export type Session = Schemas['JourneySession'];
export type Quote = Schemas['QuoteBody'];
export type Reason = Schemas['ReasonBody'];
export type Target = Schemas['AssetChoice'];
export type AssetOption = Schemas['AssetOption'];
export type NotTaken = Schemas['NotTakenBody'];
export type TestCard = Schemas['TestCard'];
export type Account = Schemas['AccountBody'];
export type AccountKind = Schemas['AccountKind'];
export type AccountRequest = Schemas['AccountRequestBody'];
export type Flow = Schemas['Flow'];
export type Journey = Schemas['Journey'];
export type Step = Schemas['JourneyStep'];
export type Card = Schemas['CardBody'];
export type IdentityDetails = Schemas['IdentityDetailsBody'];
export type BootstrapBody = Schemas['BootstrappedBody'];
export type RefreshBody = Schemas['RefreshedBody'];
export type ErrorBody = Schemas['ErrorBody'];

export type AmountStep = Extract<Step, { kind: 'amount' }>;
export type AccountStep = Extract<Step, { kind: 'account' }>;
export type ConfirmStep = Extract<Step, { kind: 'confirm' }>;
export type DepositStep = Extract<Step, { kind: 'deposit' }>;
export type NewPriceStep = Extract<Step, { kind: 'new_price' }>;
export type WalletStep = Extract<Step, { kind: 'wallet' }>;
export type PaymentStep = Extract<Step, { kind: 'payment' }>;
export type IdentityStep = Extract<Step, { kind: 'identity' }>;
export type ChallengeStep = Extract<Step, { kind: 'challenge' }>;
export type ProcessingStep = Extract<Step, { kind: 'processing' }>;
export type DoneStep = Extract<Step, { kind: 'done' }>;
export type FailedStep = Extract<Step, { kind: 'failed' }>;
export type UnavailableStep = Extract<Step, { kind: 'unavailable' }>;
export type EndedStep = Extract<Step, { kind: 'ended' }>;
